import type { Delivery } from '../registry/contract.ts'
import type { Audience, Groups, SendFailure, SendReport } from '../registry/group-contract.ts'
import { errorTable } from '../vocabulary/errors.ts'
import type { DeliverOutcome } from '../vocabulary/frames.ts'
import type { ConnectionId } from '../vocabulary/ids.ts'
import { type BatchItem, type ItemFault, readBatchItem } from './batch-item.ts'
import { reportJson, unreachableJson } from './group-json.ts'

/** The stage whose connections a batch may reach. */
export interface BatchStage {
  readonly apiId: string
  readonly stage: string
  /** The API whose connections may be named by id; undefined for any. */
  readonly reachedApi: string | undefined
}

/** Does what one item asks for; gives its result as JSON. What is handed over is so before this returns. */
export type RunItem = (value: unknown, stage: BatchStage) => string | Promise<string>

export function createItemRunner(registry: Delivery & Groups): RunItem {
  return function run(value, stage) {
    const item = readBatchItem(value)
    if ('status' in item) return faultJson(item)
    const { targets } = item
    switch (targets.kind) {
      case 'connections': {
        const [id] = targets.ids
        if (targets.ids.length === 1 && item.terms.report === 'none' && item.terms.except.length === 0) {
          return toOne(id as ConnectionId, item, stage)
        }
        return toConnections(targets.ids, item, stage)
      }
      case 'all':
        return toAudiences([audience(stage, 'all', '')], item)
      default:
        return toAudiences(
          targets.names.map((name) => audience(stage, targets.kind, name)),
          item,
        )
    }
  }

  /** A message for one connection, which is answered as POST of it is. */
  function toOne(id: ConnectionId, { frame }: BatchItem, { reachedApi }: BatchStage): string | Promise<string> {
    const outcome = registry.deliver(id, frame, reachedApi)
    return outcome instanceof Promise ? outcome.then((late) => oneResults[late]) : oneResults[outcome]
  }

  function toConnections(
    ids: readonly ConnectionId[],
    { frame, terms }: BatchItem,
    { reachedApi }: BatchStage,
  ): string | Promise<string> {
    const leftOut = new Set(terms.except)
    const reached = leftOut.size === 0 ? ids : ids.filter((id) => !leftOut.has(id))
    const tally = new Tally(terms.failures)
    const late: Promise<void>[] = []
    for (const id of reached) {
      const outcome = registry.deliver(id, frame, reachedApi)
      if (outcome instanceof Promise) late.push(outcome.then((each) => tally.add(id, each)))
      else tally.add(id, outcome)
    }
    return late.length === 0
      ? resultJson(tally.report(), terms.report)
      : Promise.all(late).then(() => resultJson(tally.report(), terms.report))
  }

  function toAudiences(audiences: readonly Audience[], { frame, terms }: BatchItem): string | Promise<string> {
    const reports = audiences.map((each) => registry.send(each, frame, terms))
    if (reports.some((each) => each instanceof Promise)) {
      return Promise.all(reports).then((late) => resultJson(sum(late, terms.failures), terms.report))
    }
    return resultJson(sum(reports as SendReport[], terms.failures), terms.report)
  }
}

function audience({ apiId, stage }: BatchStage, kind: Audience['kind'], name: string): Audience {
  return { apiId, stage, kind, name }
}

/** The outcomes of one message for several connections. */
class Tally {
  readonly #most: number
  readonly #counts = { sent: 0, full: 0, gone: 0, unreachable: 0 }
  readonly #failures: SendFailure[] = []

  constructor(most: number) {
    this.#most = most
  }

  add(connectionId: ConnectionId, outcome: DeliverOutcome): void {
    this.#counts[outcome]++
    if ((outcome === 'full' || outcome === 'gone') && this.#failures.length < this.#most) {
      this.#failures.push({ connectionId, reason: outcome })
    }
  }

  report(): SendReport {
    const { sent, full, gone, unreachable } = this.#counts
    return { targets: sent + full + gone + unreachable, ...this.#counts, failures: this.#failures }
  }
}

function sum(reports: readonly SendReport[], most: number): SendReport {
  const [only] = reports
  if (reports.length === 1 && only !== undefined) return only
  const total = { targets: 0, sent: 0, full: 0, gone: 0, unreachable: 0 }
  for (const each of reports) {
    total.targets += each.targets
    total.sent += each.sent
    total.full += each.full
    total.gone += each.gone
    total.unreachable += each.unreachable
  }
  return { ...total, failures: reports.flatMap(({ failures }) => failures).slice(0, most) }
}

function resultJson(report: SendReport, kind: BatchItem['terms']['report']): string {
  if (kind !== 'none') return `{"status":200,${reportJson(report, kind).slice(1)}`
  return report.unreachable > 0 ? `{"status":202,${unreachableJson(report).slice(1)}` : accepted
}

const accepted = '{"status":202}'

/** The results of a message for one connection, with the statuses that POST of it has. */
const oneResults: Readonly<Record<DeliverOutcome, string>> = {
  sent: '{"status":200}',
  gone: statusJson('CONNECTION_GONE'),
  full: statusJson('CLIENT_BUFFER_FULL'),
  unreachable: statusJson('WORKER_UNREACHABLE'),
}

function statusJson(code: 'CONNECTION_GONE' | 'CLIENT_BUFFER_FULL' | 'WORKER_UNREACHABLE'): string {
  const { status, message } = errorTable[code]
  return JSON.stringify({ status, ...(message !== '' && { message }) })
}

function faultJson({ status, message }: ItemFault): string {
  return JSON.stringify({ status, message })
}

/** The result of an item that could not be read at all. */
export function brokenItemJson(message: string): string {
  return faultJson({ status: 400, message })
}
