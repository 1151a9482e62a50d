import { maxRevocations, type Revocation, type RevocationStore } from './contract.ts'
import { nameText } from './revocation-name.ts'

export interface MemoryStoreOptions {
  /** The revocations that there are at first. */
  readonly kept?: readonly Revocation[]
  /** Keeps all of them beyond the process; the change counts when it resolves. Left out where they end with it. */
  readonly save?: (all: readonly Revocation[]) => Promise<void>
  readonly now: () => number
}

/** A store of one process. Changes follow each other: one that could not be saved never was. */
export function createMemoryRevocationStore({ kept = [], save, now }: MemoryStoreOptions): RevocationStore {
  let known: ReadonlyMap<string, Revocation> = new Map(kept.map((each) => [nameText(each), each]))
  let isRead = false
  let last: Promise<unknown> = Promise.resolve()

  function change<T>(make: (next: Map<string, Revocation>) => T): Promise<T> {
    const changed = last
      .catch(() => {})
      .then(async () => {
        const next = new Map([...known].filter(([, { expiresAt }]) => expiresAt > now()))
        const outcome = make(next)
        await save?.([...next.values()])
        known = next
        return outcome
      })
    last = changed
    return changed
  }

  return {
    isShared: false,
    add: (revocations) =>
      change((next) => {
        const fresh = revocations.filter((each) => !next.has(nameText(each))).length
        if (next.size + fresh > maxRevocations) return 'full'
        for (const each of revocations) next.set(nameText(each), each)
        return 'added'
      }),
    remove: (name) => change((next) => next.delete(nameText(name))),
    async read() {
      const added = isRead ? [] : [...known.values()]
      isRead = true
      return { added, removed: [], isLost: false }
    },
  }
}
