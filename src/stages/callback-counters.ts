import type { Counter, SeriesMaker } from '../observability/contract.ts'
import { type CallbackOperation, perOperation } from '../vocabulary/callback-operations.ts'

/** Counts the answers to the callbacks of one API, by operation and HTTP status. */
export type CallbackCounters = Readonly<Record<CallbackOperation, (status: number) => void>>

/**
 * The counters of `postern_callbacks_total` for one API. A series is made with its first answer, so that the many
 * statuses that never come are not in every scrape.
 */
export function createCallbackCounters(metrics: SeriesMaker, api: string): CallbackCounters {
  function counting(operation: CallbackOperation): (status: number) => void {
    const series = new Map<number, Counter>()
    return (status) => {
      let counter = series.get(status)
      if (counter === undefined) {
        counter = metrics.counter('postern_callbacks_total', { api, operation, status: String(status) })
        series.set(status, counter)
      }
      counter.value++
    }
  }

  return perOperation(counting)
}
