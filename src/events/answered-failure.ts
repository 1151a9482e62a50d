import { perErrorCode } from '../vocabulary/errors.ts'

/** A failure as the client was told of it: what `$context.error` shows. */
export interface AnsweredFailure {
  readonly message: string
  /** AWS's name for the kind of answer: `ACCESS_DENIED`, `INTEGRATION_TIMEOUT` … */
  readonly responseType: string
  /** The reason why a message fails its route's model; null for any other failure. */
  readonly validationErrorString: string | null
}

/** The failure of one code of the error table; the same object every time. */
export const answeredFailure = perErrorCode(
  ({ message, responseType }): AnsweredFailure => ({ message, responseType, validationErrorString: null }),
)
