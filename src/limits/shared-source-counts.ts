import type { CountedSource, SourceCountStore, SourceCounts } from './contract.ts'
import { exchangeBatches, type SharedPart, type Sharing } from './sharing.ts'

/** Sources that one exchange may name. */
const sourcesInExchange = 500

/**
 * The connections of sources, which a worker tells its fleet of. Nobody waits for the store: a worker goes by what it has
 * and what it last heard of the others. While the store is away each keeps to its part, at least one connection.
 */
export function createSharedSourceCounts(store: SourceCountStore, sharing: Sharing): SourceCounts {
  /** The sources that have connections here. */
  const present = new Map<string, CountedSource>()
  /** The sources of which the others, or this worker, do not know the newest. */
  const dirty = new Map<string, CountedSource>()
  /** Whether what the store has of this worker may be of before an outage. */
  let isOld = true

  async function tellBatch(): Promise<number> {
    const batch = [...dirty.values()].slice(0, sourcesInExchange)
    for (const { name } of batch) dirty.delete(name)
    const anew = isOld
    isOld = false
    const { workers, isKnown, others } = await store.tell(batch, anew)
    for (const [at, source] of batch.entries()) source.others = others[at] ?? 0
    // The store has lost what it knew.
    if (!isKnown && !anew) markAll()
    return workers
  }

  function markAll(): void {
    for (const [name, source] of present) dirty.set(name, source)
  }

  const part: SharedPart = {
    // From the start on: the first connections need the whole limit.
    isEmpty: () => false,
    isDirty: () => dirty.size > 0,
    exchange: () => exchangeBatches(dirty.size, sourcesInExchange, tellBatch),
    joined: markAll,
    parted() {
      isOld = true
      dirty.clear()
      for (const source of present.values()) source.others = 0
    },
  }
  sharing.add(part)

  return {
    most: (maxConnections) => Math.max(1, Math.floor(maxConnections / sharing.divisor)),
    changed(source) {
      if (source.connections > 0) present.set(source.name, source)
      else present.delete(source.name)
      if (dirty.size === 0) sharing.changed()
      if (sharing.isShared) dirty.set(source.name, source)
      else source.others = 0
    },
  }
}
