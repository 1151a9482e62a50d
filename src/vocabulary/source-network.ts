/**
 * The network that a client's address stands for where clients are told apart: an IPv4 address itself, plain or mapped
 * into IPv6, and of an IPv6 address the first bits, 64 unless said otherwise, since one subscriber has all addresses that
 * share them (RFC 6177 §2). Any spelling of an address gives the same text.
 */
export function sourceNetwork(address: string, prefixLength = 64): string {
  if (!address.includes(':')) return address
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)
  if (mapped !== null) return mapped[1] as string
  const [head = '', tail] = address.split('::')
  const groups = groupsOf(head)
  if (tail !== undefined) groups.push(...filledUp(groupsOf(tail), 8 - groups.length))
  const kept = groups
    .slice(0, Math.ceil(prefixLength / 16))
    .map((group, at) => (Number.parseInt(group, 16) & maskOf(prefixLength - at * 16)).toString(16))
  return `${kept.join(':')}${kept.length < 8 ? '::' : ''}/${prefixLength}`
}

/** The first bits of a group of 16. */
function maskOf(bits: number): number {
  return bits >= 16 ? 0xffff : (0xffff << (16 - bits)) & 0xffff
}

function groupsOf(text: string): string[] {
  return text === '' ? [] : text.split(':').flatMap((group) => (group.includes('.') ? groupsOfIpv4(group) : [group]))
}

/** An IPv4 address at the end takes the place of two groups (RFC 4291 §2.2). */
function groupsOfIpv4(text: string): string[] {
  const [a = 0, b = 0, c = 0, d = 0] = text.split('.').map(Number)
  return [a * 256 + b, c * 256 + d].map((group) => group.toString(16))
}

function filledUp(groups: readonly string[], length: number): string[] {
  return [...Array.from({ length: Math.max(0, length - groups.length) }, () => '0'), ...groups]
}
