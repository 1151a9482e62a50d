import { lookup as resolve } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'

/**
 * Addresses from which nothing is ever fetched: those of cloud metadata services, and whatever is no single machine.
 * The ones of IPv4 are blocked in each form of IPv6 that leads to them, too.
 */
const blocked = createBlockList()
const loopback = createLoopbackList()

/** A host that may not be asked. */
export class RefusedAddress extends Error {
  override readonly name = 'RefusedAddress'
}

/** Whether nothing may be fetched from an address. */
export function isBlockedAddress(address: string): boolean {
  const family = isIP(address)
  return family === 0 || blocked.check(address, family === 6 ? 'ipv6' : 'ipv4')
}

/** Whether an address is one of this machine alone. */
export function isLoopbackAddress(address: string): boolean {
  const family = isIP(address)
  return family !== 0 && loopback.check(address, family === 6 ? 'ipv6' : 'ipv4')
}

/** Whether a host of a URL is this machine, as far as its spelling tells. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || isLoopbackAddress(bare(host))
}

/** Throws a `RefusedAddress` when the host of a URL is an address that is blocked. */
export function checkLiteralHost(host: string): void {
  const address = bare(host)
  if (isIP(address) !== 0 && isBlockedAddress(address))
    throw new RefusedAddress(`${host} is an address that is never asked`)
}

/** The resolution of a name. */
export type Resolve = (
  name: string,
  answer: (error: Error | null, addresses: readonly { address: string; family: number }[]) => void,
) => void

const resolveBySystem: Resolve = (name, answer) => {
  resolve(name, { all: true }, (error, addresses) => answer(error, addresses ?? []))
}

/**
 * Makes the lookup of a connection: a name that leads to a blocked address is not connected to, whatever its other
 * addresses are. With `onlyLoopback`, none but this machine's own are taken.
 */
export function createGuardedLookup({
  onlyLoopback,
  resolve = resolveBySystem,
}: {
  onlyLoopback: boolean
  resolve?: Resolve | undefined
}): LookupFunction {
  const isRefused = (address: string) => isBlockedAddress(address) || (onlyLoopback && !isLoopbackAddress(address))
  return (name, options, callback) => {
    resolve(name, (error, addresses) => {
      if (error !== null) return callback(error, '', 0)
      const refused = addresses.find(({ address }) => isRefused(address))
      if (refused !== undefined) {
        return callback(new RefusedAddress(`${name} leads to ${refused.address}, which is never asked`), '', 0)
      }
      if (options.all) return callback(null, addresses.slice())
      const { family } = options
      const wanted = addresses.find((each) => (family !== 4 && family !== 6 ? true : each.family === family))
      if (wanted === undefined) return callback(new Error(`${name} has no address`), '', 0)
      callback(null, wanted.address, wanted.family)
    })
  }
}

function bare(host: string): string {
  return host.startsWith('[') ? host.slice(1, -1) : host
}

function createBlockList(): BlockList {
  const list = new BlockList()
  // Link-local, with the metadata services of most clouds, and the two that lie elsewhere.
  const v4: [string, number][] = [
    ['0.0.0.0', 8],
    ['169.254.0.0', 16],
    ['100.100.100.200', 32],
    ['192.0.0.192', 32],
    ['224.0.0.0', 3],
  ]
  for (const [net, prefix] of v4) {
    list.addSubnet(net, prefix, 'ipv4')
    const [a, b, c, d] = net.split('.').map(Number) as [number, number, number, number]
    const high = ((a << 8) | b).toString(16)
    const low = ((c << 8) | d).toString(16)
    // NAT64 (RFC 6052 §2.1), IPv4-compatible (RFC 4291 §2.5.5.1), 6to4 (RFC 3056 §2).
    list.addSubnet(`64:ff9b::${high}:${low}`, 96 + prefix, 'ipv6')
    if (a !== 0) list.addSubnet(`::${high}:${low}`, 96 + prefix, 'ipv6')
    list.addSubnet(`2002:${high}:${low}::`, 16 + prefix, 'ipv6')
  }
  list.addAddress('::', 'ipv6')
  list.addSubnet('fe80::', 10, 'ipv6')
  list.addSubnet('ff00::', 8, 'ipv6')
  list.addSubnet('fd00:ec2::', 32, 'ipv6')
  list.addAddress('fd20:ce::254', 'ipv6')
  return list
}

function createLoopbackList(): BlockList {
  const list = new BlockList()
  list.addSubnet('127.0.0.0', 8, 'ipv4')
  list.addAddress('::1', 'ipv6')
  return list
}
