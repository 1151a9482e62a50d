/** Bytes of UTF-8 that a key may have under which a message takes the place of one that waits. */
export const maxCoalesceBytes = 256

/** The rule for such keys, in the words of the answer that refuses one. */
export const coalesceKeyRule = `coalesce has 1 to ${maxCoalesceBytes} bytes`

/** Whether a text may be such a key. */
export function isCoalesceKey(text: string): boolean {
  return text !== '' && Buffer.byteLength(text) <= maxCoalesceBytes
}
