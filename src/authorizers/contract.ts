/** The worth of a caller's credentials: `missing` when there are none of a kind that is understood. */
export type CallerVerdict = 'allowed' | 'missing' | 'refused'

/** Decides who may call: `@connections`, and the management port. Never throws. */
export interface CallerAuthorizer {
  /** Judges a caller by the Authorization header as it came, empty when there is none. */
  authorize(authorization: string): CallerVerdict
}
