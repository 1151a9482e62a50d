/** An error in the form in which Lambda reports it, as JSON text. */
export function errorText(errorType: string, errorMessage: string): string {
  return JSON.stringify({ errorType, errorMessage })
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
