import { hideSecrets } from 'postern-documents/hide-secrets'
import { printable } from 'postern-documents/printable'
import { createLineLimit } from '../limits/line-limit.ts'
import type { Counter, Log, Metrics } from '../observability/contract.ts'
import type { TransportRequest } from '../transport/contract.ts'
import { type ErrorCode, errorTable } from '../vocabulary/errors.ts'
import type { Refusal, RefusalCode } from '../vocabulary/refusal.ts'

/** Refusals that are still known, for the management port. */
const maxKept = 50
/** Characters of a host or a path. */
const maxText = 256

/** The trace that refusals leave: a line of the log each up to a rate, a count by cause, and the newest themselves. */
export interface Refusals {
  /** Notes one; `isLogged` says that the log has a line of it already. */
  note(refusal: Omit<Refusal, 'time'>, isLogged?: boolean): void
  /** Notes a request that is answered with a row of the error table, within the synchronous part of its handler. */
  noteRequest(request: TransportRequest, code: ErrorCode, cause?: string): void
  /** The newest ones, oldest first. */
  recent(): readonly Refusal[]
  /** Ends the clock; what was left out is logged. Safe to call twice. */
  close(): void
}

export interface RefusalsOptions {
  readonly metrics: Pick<Metrics, 'counter'>
  /** The address of a client, as trusted proxies tell of it. */
  readonly sourceIp: (request: TransportRequest) => string
  readonly log: Log
  readonly now: () => number
}

export function createRefusals({ metrics, sourceIp, log, now }: RefusalsOptions): Refusals {
  const counters = new Map<RefusalCode, Counter>()
  const kept: Refusal[] = []
  // A client can cause refusals as fast as it connects.
  const limit = createLineLimit((leftOut) =>
    log.warn({ leftOut }, 'refusals came faster than they are logged; the others are only counted'),
  )

  function count(code: RefusalCode): void {
    const counter = counters.get(code) ?? metrics.counter('postern_refusals_total', { code })
    counters.set(code, counter)
    counter.value++
  }

  function write({ time: _, ...fields }: Refusal): void {
    if (limit.takes()) log.info(fields, 'refused')
  }

  function note(given: Omit<Refusal, 'time'>, isLogged = false): void {
    const refusal = { ...given, time: now(), host: shown(given.host), path: shown(given.path) }
    count(refusal.code)
    kept.push(refusal)
    if (kept.length > maxKept) kept.shift()
    if (!isLogged) write(refusal)
  }

  return {
    note,
    noteRequest(request, code, cause = errorTable[code].cause) {
      const { path } = request
      const { status } = errorTable[code]
      note({ code, status, cause, host: request.header('host'), path, sourceIp: sourceIp(request) })
    },
    recent: () => kept,
    close: limit.close,
  }
}

function shown(text: string): string {
  const bounded = text.length > maxText ? `${text.slice(0, maxText)}…` : text
  return hideSecrets(printable(bounded))
}
