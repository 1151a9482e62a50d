import { errorText } from '../vocabulary/function-error.ts'
import type { Invocation, InvocationResult } from './contract.ts'

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
