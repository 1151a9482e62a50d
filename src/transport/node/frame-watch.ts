/**
 * Watches the sizes of frames in the bytes of a client, which ws only tells of whole messages. Returns a function that
 * takes each chunk in its order and answers whether a frame in it is larger than the limit.
 */
export function createFrameWatch(maxFrameBytes: number): (chunk: Uint8Array) => boolean {
  /** Bytes of the payload, and of its mask, that are still to come. */
  let rest = 0
  const head = new Uint8Array(10)
  let headLength = 0

  return (chunk) => {
    let at = 0
    while (at < chunk.length) {
      if (rest > 0) {
        const skipped = Math.min(rest, chunk.length - at)
        rest -= skipped
        at += skipped
        continue
      }
      head[headLength++] = chunk[at++] as number
      if (headLength < 2 || headLength < headSize(head)) continue
      const length = payloadLength(head)
      if (length > maxFrameBytes) return true
      rest = length + (((head[1] as number) & 0x80) === 0 ? 0 : 4)
      headLength = 0
    }
    return false
  }
}

/** Bytes of a frame's head up to its mask (RFC 6455 §5.2). */
function headSize(head: Uint8Array): number {
  const length = (head[1] as number) & 0x7f
  return length === 126 ? 4 : length === 127 ? 10 : 2
}

function payloadLength(head: Uint8Array): number {
  const length = (head[1] as number) & 0x7f
  if (length < 126) return length
  const view = new DataView(head.buffer)
  return length === 126 ? view.getUint16(2) : Number(view.getBigUint64(2))
}
