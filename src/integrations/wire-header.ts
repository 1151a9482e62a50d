import { isSafeHeader } from '../vocabulary/headers.ts'

const plain = /^[\x20-\x7e]*$/

/**
 * A header as it goes to the wire, or nothing when it must not: control characters would start headers of a client's
 * choice. Text beyond ASCII goes as UTF-8, which undici writes when each byte is one character.
 */
export function wireHeader(name: string, value: string): [] | [string, string] {
  if (plain.test(value)) return [name, value]
  if (!isSafeHeader(name, value)) return []
  return [name, Buffer.from(value, 'utf8').toString('latin1')]
}
