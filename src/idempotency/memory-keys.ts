import { type Claim, type IdempotencyKeys, type KeptAnswer, maxKeys } from './contract.ts'

interface Entry {
  readonly fingerprint: string
  readonly until: number
  answer: KeptAnswer | null
}

export interface MemoryKeysOptions {
  /** Milliseconds for which a key counts. */
  readonly windowInMillis: number
  readonly now: () => number
}

/** The keys of a worker that is alone. Rejects claims of new keys while there are too many. */
export function createMemoryKeys({ windowInMillis, now }: MemoryKeysOptions): IdempotencyKeys {
  // In the order of their ends, since all count for the same time.
  const entries = new Map<string, Entry>()

  function dropEnded(time: number): void {
    for (const [name, { until }] of entries) {
      if (until > time) return
      entries.delete(name)
    }
  }

  function claimSync(name: string, fingerprint: string): Claim {
    const time = now()
    dropEnded(time)
    const known = entries.get(name)
    if (known === undefined) {
      if (entries.size >= maxKeys) throw new Error(`there are ${maxKeys} Idempotency-Keys already`)
      const entry: Entry = { fingerprint, until: time + windowInMillis, answer: null }
      entries.set(name, entry)
      return {
        kind: 'first',
        async keep(answer) {
          entry.answer = answer
        },
        async forget() {
          if (entries.get(name) === entry) entries.delete(name)
        },
      }
    }
    if (known.fingerprint !== fingerprint) return { kind: 'other' }
    return known.answer === null ? { kind: 'underway' } : { kind: 'answered', answer: known.answer }
  }

  return { claim: async (name, fingerprint) => claimSync(name, fingerprint) }
}
