import type { Invocation, InvocationResult } from '../vocabulary/function-invoker.ts'

/** An error in the form in which Lambda reports it, as JSON text. */
export function errorText(errorType: string, errorMessage: string): string {
  return JSON.stringify({ errorType, errorMessage })
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

/** `Type: message` of an error's JSON text, for logs and faults; never throws, since functions write these texts. */
export function errorSentence(text: string): string {
  try {
    const error: unknown = JSON.parse(text)
    if (typeof error === 'object' && error !== null) {
      const { errorType, errorMessage } = error as { errorType?: unknown; errorMessage?: unknown }
      const parts = [errorType, errorMessage].filter((part) => typeof part === 'string' && part !== '')
      if (parts.length > 0) return parts.join(': ').slice(0, 1_024)
    }
  } catch {
    // Said below.
  }
  return 'an error that says nothing'
}
