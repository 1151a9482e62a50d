/** The answer that a call was given, to be given again. */
export interface KeptAnswer {
  readonly status: number
  /** The text of the body; null for none. */
  readonly body: string | null
}

/** The right to do what a call asks for, and the duty to say how it ended. */
export interface FirstCall {
  readonly kind: 'first'
  /** Keeps the answer, which is given to every call that comes again. Never rejects: what can't be kept stays `underway`. */
  keep(answer: KeptAnswer): Promise<void>
  /** Lets the key be used anew: nothing was done. Never rejects. */
  forget(): Promise<void>
}

/**
 * The standing of a call with an Idempotency-Key: the first; one whose answer is known; another call under the same key
 * (`other`); or one whose first has no answer yet, and may never have one (`underway`).
 */
export type Claim =
  | FirstCall
  | { readonly kind: 'answered'; readonly answer: KeptAnswer }
  | { readonly kind: 'other' }
  | { readonly kind: 'underway' }

/**
 * The Idempotency-Keys of calls, and the answers that they were given, for one process or a fleet (IETF draft "The
 * Idempotency-Key HTTP Header Field"). A key counts for its window from the first call on, whatever becomes of the worker
 * that had it.
 */
export interface IdempotencyKeys {
  /**
   * Claims a key for a call. `name` is the key within its API and stage, `fingerprint` what the call asks for. Rejects when
   * it can't be known whether there was an earlier one; nothing may be done then.
   */
  claim(name: string, fingerprint: string): Promise<Claim>
}

/** Keys that one process may keep without a Redis: more are refused until some have ended. */
export const maxKeys = 100_000
