import { BlockList, isIP } from 'node:net'
import { z } from 'zod'

/** The schema of an address or a network. */
export const cidr = z
  .string({ error: 'an address or a network, such as 10.0.0.0/8' })
  .refine(isCidr, { error: 'an address or a network, such as 10.0.0.0/8' })

function isCidr(given: string): boolean {
  const [address = '', bits, ...rest] = given.split('/')
  const family = isIP(address)
  if (family === 0 || rest.length > 0) return false
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128))
}

/** A list of networks. */
export const networks = () =>
  z.array(cidr, { error: 'a list of networks' }).max(1_000, { error: 'at most 1000 networks' })

/** The networks of a setting as something that can be asked; one question per connection, not per message. */
export function trustedNetworks(networks: readonly string[]): BlockList {
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', bits] = network.split('/')
    const family = isIP(address) === 4 ? 'ipv4' : 'ipv6'
    if (bits === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(bits), family)
  }
  return list
}
