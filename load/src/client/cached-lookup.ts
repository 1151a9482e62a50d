import { type LookupAddress, type LookupOptions, lookup } from 'node:dns'
import type { LookupFunction } from 'node:net'

/** Long enough for a storm of connections, short enough to see a name move. */
const cachedMillis = 5_000

const answers = new Map<string, { readonly addresses: Promise<LookupAddress[]>; readonly until: number }>()

/** Looks a name up once for all connections of a moment: each look-up of its own takes a thread. */
export const cachedLookup: LookupFunction = (hostname, options, callback) => {
  addressesOf(hostname, options).then(
    (addresses) => {
      const [first] = addresses
      if (options.all === true) callback(null, addresses)
      else callback(null, first?.address ?? '', first?.family ?? 0)
    },
    (error: NodeJS.ErrnoException) => callback(error, '', 0),
  )
}

function addressesOf(hostname: string, { family = 0, hints = 0 }: LookupOptions): Promise<LookupAddress[]> {
  const key = `${hostname} ${family} ${hints}`
  const known = answers.get(key)
  const time = performance.now()
  if (known !== undefined && known.until > time) return known.addresses
  const addresses = new Promise<LookupAddress[]>((resolve, reject) => {
    lookup(hostname, { family, hints, all: true }, (error, found) => (error === null ? resolve(found) : reject(error)))
  })
  // A refusal is not kept: the next connection asks again.
  addresses.catch(() => answers.delete(key))
  answers.set(key, { addresses, until: time + cachedMillis })
  return addresses
}
