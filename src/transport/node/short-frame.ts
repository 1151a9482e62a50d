const isLast = 0x80
/** RSV1: the message is compressed (RFC 7692 §6). */
const isCompressed = 0x40
const text = 0x1
const binary = 0x2

/** Bytes of the largest message for which a copy into one buffer costs less than a second write. */
export const maxCopied = 16_384

/**
 * A whole unmasked frame of a short message (RFC 6455 §5.2) as one buffer, which is one write; ws makes two of head and
 * payload.
 */
export function shortFrame(data: string | Uint8Array, isBinary: boolean, compressed = false): Buffer {
  const length = typeof data === 'string' ? Buffer.byteLength(data) : data.length
  const at = length < 126 ? 2 : length < 65_536 ? 4 : 10
  const frame = Buffer.allocUnsafe(at + length)
  frame[0] = isLast | (isBinary ? binary : text) | (compressed ? isCompressed : 0)
  if (at === 2) frame[1] = length
  else if (at === 4) {
    frame[1] = 126
    frame.writeUInt16BE(length, 2)
  } else {
    frame[1] = 127
    frame.writeBigUInt64BE(BigInt(length), 2)
  }
  if (typeof data === 'string') frame.write(data, at)
  else frame.set(data, at)
  return frame
}
