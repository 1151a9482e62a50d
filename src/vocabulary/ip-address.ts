import { isIP, SocketAddress } from 'node:net'

/**
 * The usual spelling of an IP address that somebody has written: IPv6 as RFC 5952 has it, without a zone, IPv4-mapped
 * addresses as plain IPv4. Null for what is no address.
 */
export function plainAddress(text: string): string | null {
  const [address = ''] = text.split('%', 1)
  const family = isIP(address)
  if (family !== 6) return family === 4 ? address : null
  const plain = new SocketAddress({ address, family: 'ipv6' }).address
  return plain.startsWith('::ffff:') && plain.includes('.') ? plain.slice('::ffff:'.length) : plain
}
