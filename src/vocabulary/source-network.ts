/**
 * The network that a client's address stands for where clients are told apart: an IPv4 address itself, plain or mapped
 * into IPv6, and of an IPv6 address the first 64 bits, since one subscriber has all addresses that share them (RFC 6177
 * §2). Any spelling of an address gives the same text.
 */
export function sourceNetwork(address: string): string {
  if (!address.includes(':')) return address
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)
  if (mapped !== null) return mapped[1] as string
  const [head = '', tail] = address.split('::')
  const groups = groupsOf(head)
  // The rest behind `::` reaches into the first four groups only where it has more than four itself.
  if (tail !== undefined) groups.push(...filledUp(groupsOf(tail), 8 - groups.length))
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`
}

function groupsOf(text: string): string[] {
  // An IPv4 address at the end takes the place of two groups, which are never among the first four.
  return text === '' ? [] : text.split(':').flatMap((group) => (group.includes('.') ? ['0', '0'] : [group]))
}

function filledUp(groups: readonly string[], length: number): string[] {
  return [...Array.from({ length: Math.max(0, length - groups.length) }, () => '0'), ...groups]
}
