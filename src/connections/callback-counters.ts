import type { Counter, Metrics } from '../observability/contract.ts'
import type { CountStatus } from './callback-call.ts'

export type CallbackOperation = 'post' | 'get' | 'delete'

/**
 * `postern_callbacks_total`: gives the function that counts an answer of one API and operation. A series is made with
 * its first answer, so that the many statuses that never come are not in every scrape.
 */
export function createCallbackCounters(metrics: Metrics): (api: string, operation: CallbackOperation) => CountStatus {
  const byApi = new Map<string, Record<CallbackOperation, CountStatus>>()

  function counting(api: string, operation: CallbackOperation): CountStatus {
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

  return (api, operation) => {
    let counters = byApi.get(api)
    if (counters === undefined) {
      counters = { post: counting(api, 'post'), get: counting(api, 'get'), delete: counting(api, 'delete') }
      byApi.set(api, counters)
    }
    return counters[operation]
  }
}
