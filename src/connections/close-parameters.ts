import { closeCodesAllowed, maxCloseReasonBytes, mayCloseWith } from '../vocabulary/close-frame.ts'

/** The code and reason that a close frame is to have; null twice for what AWS's DELETE does. */
export interface CloseParameters {
  readonly code: number | null
  readonly reason: string | null
}

/** The parameters that a DELETE may have, in the words of its 400. */
export const closeParametersRule = `code is ${closeCodesAllowed}; reason has at most ${maxCloseReasonBytes} bytes of UTF-8`

const usual: CloseParameters = { code: null, reason: null }
const normalClosure = 1000

/** `code` and `reason` of a raw query string; null when one of them may not stand in a close frame. */
export function closeParameters(query: string): CloseParameters | null {
  const parameters = new URLSearchParams(query)
  const code = parameters.get('code')
  const reason = parameters.get('reason')
  if (code === null && reason === null) return usual
  if (reason !== null && Buffer.byteLength(reason) > maxCloseReasonBytes) return null
  if (code !== null && !(/^\d{4}$/.test(code) && mayCloseWith(Number(code)))) return null
  return { code: code === null ? normalClosure : Number(code), reason: reason ?? '' }
}
