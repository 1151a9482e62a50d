import { GatewayError } from '../vocabulary/errors.ts'

const base64 = /^[A-Za-z0-9+/]*={0,2}$/

/**
 * CONVERT_TO_BINARY ("Content type conversions"): base64 text to the bytes behind it. White space is ignored, padding
 * may be missing. Throws API_CONFIGURATION_ERROR for anything else, as AWS fails such a call.
 */
export function decodeBase64(text: string): Uint8Array {
  const compact = /\s/.test(text) ? text.replace(/\s+/g, '') : text
  if (!base64.test(compact) || compact.replace(/=+$/, '').length % 4 === 1) {
    throw new GatewayError('API_CONFIGURATION_ERROR', 'contentHandlingStrategy CONVERT_TO_BINARY: not base64')
  }
  return Buffer.from(compact, 'base64')
}

/** Makes base64 of bytes (CONVERT_TO_TEXT); text stays as it is. */
export function encodeBase64(body: string | Uint8Array): string {
  return typeof body === 'string' ? body : asBuffer(body).toString('base64')
}

/** A body as text; bytes that are not UTF-8 become U+FFFD. */
export function bodyText(body: string | Uint8Array): string {
  return typeof body === 'string' ? body : asBuffer(body).toString('utf8')
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
