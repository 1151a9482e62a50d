/**
 * The text of an IP address given as its 4 or 16 bytes: IPv4 dotted, IPv4-mapped IPv6 as plain IPv4, other IPv6 in
 * the canonical form of RFC 5952. Empty for no bytes.
 */
export function addressText(address: ArrayBuffer): string {
  const bytes = new Uint8Array(address)
  if (bytes.length === 4) return dotted(bytes, 0)
  if (bytes.length !== 16) return ''
  if (isMapped(bytes)) return dotted(bytes, 12)
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i] as number) << 8) | (bytes[2 * i + 1] as number))
  const [start, length] = longestZeroRun(groups)
  if (length < 2) return hex(groups)
  return `${hex(groups.slice(0, start))}::${hex(groups.slice(start + length))}`
}

function dotted(bytes: Uint8Array, at: number): string {
  return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`
}

/** Whether an address is an IPv4-mapped one, in `::ffff:0:0/96` (RFC 4291 §2.5.5.2). */
function isMapped(bytes: Uint8Array): boolean {
  for (let i = 0; i < 10; i++) if (bytes[i] !== 0) return false
  return bytes[10] === 0xff && bytes[11] === 0xff
}

function hex(groups: readonly number[]): string {
  return groups.map((group) => group.toString(16)).join(':')
}

/** The first of the longest runs of zero groups, as RFC 5952 §4.2.3 asks. */
function longestZeroRun(groups: readonly number[]): [start: number, length: number] {
  let best: [number, number] = [0, 0]
  for (let start = 0; start < groups.length; start++) {
    let end = start
    while (groups[end] === 0) end++
    if (end - start > best[1]) best = [start, end - start]
    if (end > start) start = end
  }
  return best
}
