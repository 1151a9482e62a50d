/** Levels of arrays and maps: ours have eight. */
const maxDepth = 16

/**
 * Whether bytes are one whole MessagePack value of plain kinds (nil, booleans, numbers, texts, bytes, arrays, maps)
 * with at most so many items in all. Whoever may write into Redis can write a few megabytes that unpack to millions
 * of objects, or extensions that unpack to things that we never pack: both are found here, before anything is made
 * of them. MessagePack specification, "Formats".
 */
export function isPlainValue(bytes: Uint8Array, maxItems: number): boolean {
  const end = bytes.length
  /** Items still to come in each array and map around this one. */
  const outer: number[] = []
  let left = 1
  let items = 0
  let at = 0
  for (;;) {
    while (left === 0) {
      const around = outer.pop()
      if (around === undefined) return at === end
      left = around
    }
    left--
    if (at >= end || ++items > maxItems) return false
    const token = bytes[at++] as number
    let inside = 0
    if (token < 0x80 || token >= 0xe0) continue
    if (token < 0x90) inside = (token & 0x0f) * 2
    else if (token < 0xa0) inside = token & 0x0f
    else if (token < 0xc0) at += token & 0x1f
    else {
      const width = widths[token - 0xc0] as number
      if (width < 0) return false
      if (token < 0xc4 || (token >= 0xca && token < 0xd9)) at += width
      else {
        if (at + width > end) return false
        let count = 0
        for (const past = at + width; at < past; at++) count = count * 256 + (bytes[at] as number)
        if (token < 0xdc) at += count
        else inside = token < 0xde ? count : 2 * count
      }
    }
    if (at > end) return false
    if (inside === 0) continue
    // An item takes a byte at least.
    if (inside > end - at || outer.length >= maxDepth) return false
    outer.push(left)
    left = inside
  }
}

/**
 * Widths of the values whose first byte is from 0xc0 to 0xdf: bytes of the value, or of the length in front of it; -1
 * for what is unused or an extension.
 */
const widths = [
  ...[0, -1, 0, 0], // nil, never used, false, true
  ...[1, 2, 4, -1, -1, -1], // bin 8, 16, 32; ext
  ...[4, 8, 1, 2, 4, 8, 1, 2, 4, 8], // float 32, 64; uint and int of 8, 16, 32, 64 bits
  ...[-1, -1, -1, -1, -1], // fixext
  ...[1, 2, 4, 2, 4, 2, 4], // str 8, 16, 32; array 16, 32; map 16, 32
]
