import { type HeaderList, isSafeHeader, type OwnHeaders } from '../vocabulary/headers.ts'

/** The circumstances that decide a response's form besides its status, headers and body. */
export interface ResponseForm {
  /** The request's method. */
  readonly method: string
  /** Whether the response says `Connection: close` and the connection ends after it. */
  readonly close: boolean
}

/**
 * Headers that frame the message or belong to one hop only (RFC 9110 §7.6.1), so they are written by the transport or
 * not at all.
 */
const ownHeaders = new Set([
  'connection',
  'content-length',
  'date', // the servers underneath write it
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Whether a header of such a name may be written for those outside of the transport. */
export function isWritableName(name: string): boolean {
  return isSafeHeader(name, '') && !ownHeaders.has(name.toLowerCase())
}

/** Whether a value is safe to write, by the rule of `isSafeHeader`; a loop, since most values are short. */
export function isSafeValue(value: string): boolean {
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i)
    if (code < 0x20 ? code !== 0x09 : code === 0x7f) return false
  }
  return true
}

/** The length that a backend declares: its answer to HEAD has no body that could be measured. */
export function declaredLength(headers: HeaderList | OwnHeaders): string | null {
  const header = listOf(headers).find(([name]) => name.toLowerCase() === 'content-length')
  return header !== undefined && /^\d{1,15}$/.test(header[1]) ? header[1] : null
}

/** The headers themselves, whoever made them. */
export function listOf(headers: HeaderList | OwnHeaders): HeaderList {
  return 'own' in headers ? headers.own : headers
}
