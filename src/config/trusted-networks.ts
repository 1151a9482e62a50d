import { z } from 'zod'
import { isNetwork } from '../vocabulary/networks.ts'

/** The schema of an address or a network. */
export const cidr = z
  .string({ error: 'an address or a network, such as 10.0.0.0/8' })
  .refine(isNetwork, { error: 'an address or a network, such as 10.0.0.0/8' })

/** A list of networks. */
export const networks = () =>
  z.array(cidr, { error: 'a list of networks' }).max(1_000, { error: 'at most 1000 networks' })
