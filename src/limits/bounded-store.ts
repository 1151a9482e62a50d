import { within } from '../vocabulary/within.ts'
import type { LimitStore } from './contract.ts'

/** Milliseconds that the store may take to answer. */
export const longestAnswer = 500

/** A store that rejects what is not answered in time: who waits longer goes by a view that is too old. */
export function boundedStore(store: LimitStore, answerMillis = longestAnswer): LimitStore {
  return {
    exchange: (takings) => within(store.exchange(takings), answerMillis),
    tell: (counts, anew) => within(store.tell(counts, anew), answerMillis),
    leave: () => within(store.leave(), answerMillis),
  }
}
