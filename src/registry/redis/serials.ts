import type { OwnerId } from '../../vocabulary/ids.ts'

/** Tells the envelopes of each sender that are new from those that come again or late. */
export interface Serials {
  isNew(from: OwnerId, serial: number): boolean
}

const maxSenders = 10_000
/**
 * Milliseconds after which no old envelope can still come: Linux tries for about 100 s to hand over what a closed
 * socket had left (`tcp_orphan_retries`). After that a sender is believed whatever it counts: its owner id may be
 * another worker's by now, or somebody else has written envelopes in its name.
 */
const memoryMs = 150_000

/** `clock` is in milliseconds that only rise. */
export function createSerials({ clock }: { clock: () => number }): Serials {
  const newest = new Map<OwnerId, { serial: number; at: number }>()

  return {
    isNew(from, serial) {
      const at = clock()
      const known = newest.get(from)
      if (known === undefined) {
        if (newest.size >= maxSenders) newest.delete(newest.keys().next().value as OwnerId)
        newest.set(from, { serial, at })
        return true
      }
      if (serial <= known.serial && at - known.at < memoryMs) return false
      known.serial = serial
      known.at = at
      return true
    },
  }
}
