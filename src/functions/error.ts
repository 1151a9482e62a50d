import { errorText } from '../vocabulary/function-error.ts'
import type { Invocation, InvocationResult } from './contract.ts'

/** Characters of an error's JSON text that the log takes as members; of a longer one only its beginning, as text. */
const maxLoggedError = 32_768
const maxLoggedText = 8_192

/** An error's JSON text as a field of the log: with its members apart, so that those named like secrets are masked. */
export function loggedError(text: string): unknown {
  try {
    if (text.length <= maxLoggedError) return JSON.parse(text)
  } catch {
    // Written by the handler itself, into the channel.
  }
  return text.slice(0, maxLoggedText)
}

/** The result of a call whose function reported an error. */
export function functionError(payload: string, { requestId }: Pick<Invocation, 'requestId'>): InvocationResult {
  return { payload, functionError: true, requestId }
}

/** The result of a call whose function could not speak for itself any more; the wording is Lambda's. */
export function runtimeError(
  errorType: string,
  message: string,
  call: Pick<Invocation, 'requestId'>,
): InvocationResult {
  return functionError(errorText(errorType, `RequestId: ${call.requestId} Error: ${message}`), call)
}
