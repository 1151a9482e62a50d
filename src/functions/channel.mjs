// Plain JavaScript: the process of a function loads this file as it is, from the sources and from the build.

/** The length of a frame, before its text. */
const prefixBytes = 4

/**
 * A frame of the channel between the gateway and the process of a function: 4 bytes of length, then UTF-8.
 * @param {string} text
 * @returns {Buffer}
 */
export function encodeFrame(text) {
  const bytes = Buffer.byteLength(text)
  const frame = Buffer.allocUnsafe(prefixBytes + bytes)
  frame.writeUInt32LE(bytes, 0)
  frame.write(text, prefixBytes)
  return frame
}

/**
 * Puts frames together again. A frame larger than `maxBytes` throws a RangeError: the other side is then not to be
 * trusted with another byte.
 * @param {number} maxBytes
 * @param {(text: string) => void} onFrame
 * @returns {(chunk: Buffer) => void}
 */
export function createFrameReader(maxBytes, onFrame) {
  /** @type {Buffer[]} */
  let chunks = []
  let held = 0
  let needed = prefixBytes
  return function read(chunk) {
    chunks.push(chunk)
    held += chunk.length
    while (held >= needed) {
      const all = chunks.length === 1 ? /** @type {Buffer} */ (chunks[0]) : Buffer.concat(chunks, held)
      chunks = [all]
      needed = prefixBytes + all.readUInt32LE(0)
      if (needed > prefixBytes + maxBytes) throw new RangeError(`a frame of more than ${maxBytes} bytes`)
      if (held < needed) return
      const text = all.toString('utf8', prefixBytes, needed)
      chunks = held === needed ? [] : [all.subarray(needed)]
      held -= needed
      needed = prefixBytes
      onFrame(text)
    }
  }
}
