/**
 * The text of an IP address given as uWebSockets.js prints it: IPv4 dotted, IPv6 as eight groups of four digits.
 * IPv6 comes back in the canonical form of RFC 5952, IPv4-mapped addresses as plain IPv4.
 */
export function canonicalAddress(text: string): string {
  if (text.length < 39) return text
  const groups = text.split(':')
  if (groups.slice(0, 5).every((group) => group === '0000') && groups[5] === 'ffff') return mappedAddress(groups)
  const short = groups.map((group) => group.replace(/^0{1,3}/, ''))
  const [start, length] = longestZeroRun(short)
  if (length < 2) return short.join(':')
  return `${short.slice(0, start).join(':')}::${short.slice(start + length).join(':')}`
}

function mappedAddress(groups: string[]): string {
  const bytes = groups.slice(6).flatMap((group) => [group.slice(0, 2), group.slice(2)])
  return bytes.map((byte) => Number.parseInt(byte, 16)).join('.')
}

/** The first of the longest runs, as RFC 5952 §4.2.3 asks. */
function longestZeroRun(groups: string[]): [start: number, length: number] {
  let best: [number, number] = [0, 0]
  for (let start = 0; start < groups.length; start++) {
    let end = start
    while (groups[end] === '0') end++
    if (end - start > best[1]) best = [start, end - start]
    if (end > start) start = end
  }
  return best
}
