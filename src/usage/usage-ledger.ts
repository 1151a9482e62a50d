import type { UsageBatch, UsageBucket, UsageStore } from './contract.ts'

/** The count of one thing in one bucket, as far as this process knows it. */
export interface UsageCell {
  /** Requests that are known of: those of all when the store was last asked, and those of this process since. */
  readonly total: number
  /** Counts one. */
  add(): void
  /** Counts so many at once; with 0 it is only learned, with the next hand-over, what others have counted. */
  raise(count: number): void
}

/** The counts that this process works with, between the store and those who count. */
export interface UsageLedger {
  cell(bucket: UsageBucket, field: string): UsageCell
  /** Hands what was counted to the store, and learns what others counted. Rejects when some of it has to wait. */
  sync(now: number): Promise<void>
  /** Learns what the store has in a bucket. */
  load(bucket: UsageBucket): Promise<void>
}

/** Counts that one call of the store takes. */
const maxBatch = 1_000

class Cell implements UsageCell {
  readonly field: string
  readonly #dirty: Set<Cell>
  /** Requests of all as the store last told, then those on their way to it, then those that are not. */
  known = 0
  sent = 0
  own = 0

  constructor(field: string, dirty: Set<Cell>) {
    this.field = field
    this.#dirty = dirty
  }

  get total(): number {
    return this.known + this.sent + this.own
  }

  add(): void {
    if (this.own++ === 0) this.#dirty.add(this)
  }

  raise(count: number): void {
    this.own += count
    this.#dirty.add(this)
  }
}

interface Page {
  readonly bucket: UsageBucket
  readonly cells: Map<string, Cell>
  readonly dirty: Set<Cell>
  /** The batch that the store may or may not have; it is handed over again before any other. */
  pending: { readonly batch: UsageBatch; readonly cells: readonly Cell[] } | null
}

/** An empty ledger over a store. */
export function createUsageLedger(store: UsageStore): UsageLedger {
  const pages = new Map<string, Page>()
  let serial = 0
  let running: Promise<void> = Promise.resolve()

  function pageOf(bucket: UsageBucket): Page {
    const known = pages.get(bucket.name)
    if (known !== undefined) return known
    const page: Page = { bucket, cells: new Map(), dirty: new Set(), pending: null }
    pages.set(bucket.name, page)
    return page
  }

  function cellOf({ cells, dirty }: Page, field: string): Cell {
    const known = cells.get(field)
    if (known !== undefined) return known
    const cell = new Cell(field, dirty)
    cells.set(field, cell)
    return cell
  }

  function nextBatch({ bucket, dirty }: Page): Page['pending'] {
    const cells = [...dirty].slice(0, maxBatch)
    for (const cell of cells) {
      dirty.delete(cell)
      cell.sent = cell.own
      cell.own = 0
    }
    const counts = cells.map(({ field, sent }) => [field, sent] as const)
    return { batch: { bucket, serial: ++serial, counts }, cells }
  }

  async function syncPage(page: Page): Promise<void> {
    while (page.pending !== null || page.dirty.size > 0) {
      page.pending ??= nextBatch(page)
      const { batch, cells } = page.pending as NonNullable<Page['pending']>
      const totals = await store.add(batch)
      for (const [index, cell] of cells.entries()) {
        // A store that has lost its data knows less than this process: what was used stays used.
        cell.known = Math.max(cell.known + cell.sent, totals[index] ?? 0)
        cell.sent = 0
      }
      page.pending = null
    }
  }

  async function sync(now: number): Promise<void> {
    const results = await Promise.allSettled([...pages.values()].map(syncPage))
    await store.save()
    for (const [name, { bucket, dirty, pending }] of pages) {
      if (bucket.end + graceInMillis < now && dirty.size === 0 && pending === null) pages.delete(name)
    }
    const failed = results.find((result) => result.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }

  return {
    cell: (bucket, field) => cellOf(pageOf(bucket), field),
    sync(now) {
      // One at a time: the stop of a process may come while its clock runs.
      running = running.catch(() => {}).then(() => sync(now))
      return running
    },
    async load(bucket) {
      const page = pageOf(bucket)
      for (const [field, count] of await store.read(bucket.name)) {
        const cell = cellOf(page, field)
        cell.known = Math.max(cell.known, count)
      }
    },
  }
}

/** Milliseconds for which an ended bucket may still be counted in, by those who have looked at their clock before. */
const graceInMillis = 60_000
