import type { Counter, Log } from '../observability/contract.ts'
import { descriptorsKeptBack } from './descriptor-limit.ts'

/** Milliseconds that a look at the open descriptors is good for; shorter where it would refuse somebody. */
const goodForInMillis = 100
const goodForRefusalInMillis = 10
/** The part of the time that looking may take. */
const looksPart = 1 / 50
const warnAgainInMillis = 60_000

/** The descriptors that clients may take, so that those kept back stay for the others. */
export interface DescriptorBudget {
  /** Whether there is a descriptor for one more connection: with none, a handshake is answered 503. */
  takesConnection(): boolean
  /**
   * Whether a TCP connection that has just come may stay: half of what is kept back is for requests and for handshakes
   * that get an answer. To be asked once for each.
   */
  takesSocket(): boolean
}

export interface DescriptorBudgetOptions {
  /** The descriptors that this process may have open. */
  readonly limit: number
  /** Counts those that are open now. */
  readonly open: () => number
  /** A monotonic clock, in milliseconds. */
  readonly now: () => number
  /** Counts the TCP connections that are closed on arrival. */
  readonly refused: Counter
  readonly log: Log
}

/**
 * Creates the budget of a process. At the limit itself nothing could be accepted, and the server underneath would try
 * again without end; the management port, Redis, backends and functions would fail with the clients.
 */
export function createDescriptorBudget({ limit, open, now, refused, log }: DescriptorBudgetOptions): DescriptorBudget {
  const keptBack = descriptorsKeptBack(limit)
  const forConnections = limit - keptBack
  const forSockets = limit - Math.floor(keptBack / 2)
  let counted = 0
  let countedAt = Number.NEGATIVE_INFINITY
  let took = 0
  /** The TCP connections that have come since. */
  let came = 0
  let warnedAt = Number.NEGATIVE_INFINITY

  function isWithin(bound: number): boolean {
    const time = now()
    const age = time - countedAt
    const goodFor = counted + came >= bound ? goodForRefusalInMillis : goodForInMillis
    if (age >= Math.max(goodFor, took / looksPart)) {
      counted = open()
      countedAt = time
      took = now() - time
      came = 0
    }
    if (counted + came < bound) return true
    warn(time)
    return false
  }

  function warn(time: number): void {
    if (time - warnedAt < warnAgainInMillis) return
    warnedAt = time
    const remedy = 'raise the limit (ulimit -n, LimitNOFILE) or lower maxConnections'
    log.warn({ limit, keptBack, open: counted }, `file descriptors run out, handshakes are answered 503: ${remedy}`)
  }

  return {
    takesConnection: () => isWithin(forConnections),
    takesSocket() {
      came++
      if (isWithin(forSockets)) return true
      refused.value++
      return false
    },
  }
}
