import { isIP } from 'node:net'
import { networksOf } from '../vocabulary/networks.ts'

/** The networks from which somebody may come. */
export interface SourceNetworks {
  /** The only ones that may; empty for all. */
  readonly allowedNetworks: readonly string[]
  /** The ones that may not, also where they are part of one that may. */
  readonly deniedNetworks: readonly string[]
}

/** Says whether somebody may come from an address; never from what is no address. */
export type AdmitsSource = (address: string) => boolean

/** Compiles networks; null where anybody may come, so that nobody asks. */
export function compileSourceNetworks({ allowedNetworks, deniedNetworks }: SourceNetworks): AdmitsSource | null {
  if (allowedNetworks.length === 0 && deniedNetworks.length === 0) return null
  const allowed = allowedNetworks.length === 0 ? null : networksOf(allowedNetworks)
  const denied = networksOf(deniedNetworks)
  return (address) => {
    const family = isIP(address)
    if (family === 0) return false
    const type = family === 6 ? 'ipv6' : 'ipv4'
    return !denied.check(address, type) && (allowed?.check(address, type) ?? true)
  }
}
