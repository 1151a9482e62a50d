/** What a caller's credentials are worth: `missing` is none of a kind that is understood. */
export type CallerVerdict = 'allowed' | 'missing' | 'refused'

/** Decides who may call: `@connections`, and the management port. Never throws. */
export interface CallerAuthorizer {
  /** `authorization` is the header as it came, empty when there is none. */
  authorize(authorization: string): CallerVerdict
}
