import type { Delivery, SelectiveDelivery } from '../registry/contract.ts'
import type { Audience, Groups, SendReport } from '../registry/group-contract.ts'
import type { Reports } from '../registry/report-contract.ts'
import { errorTable } from '../vocabulary/errors.ts'
import type { Frame, SelectedOutcome } from '../vocabulary/frames.ts'
import type { ConnectionId } from '../vocabulary/ids.ts'
import { ReportSum } from '../vocabulary/report-sum.ts'
import { type BatchItem, type ItemFault, readBatchItem } from './batch-item.ts'
import { type KeepReport, reportJson, unreachableJson } from './group-json.ts'
import type { SendTerms } from './send-query.ts'

/** The stage whose connections a batch may reach. */
export interface BatchStage {
  readonly apiId: string
  readonly stage: string
  /** The API whose connections may be named by id; undefined for any. */
  readonly reachedApi: string | undefined
}

/** The ways to connections that a batch takes. */
export type BatchRegistry = Delivery & SelectiveDelivery & Groups & Reports

/** Does what one item asks for; gives its result as JSON. What is handed over is so before this returns. */
export type RunItem = (value: unknown, stage: BatchStage) => string | Promise<string>

export function createItemRunner(registry: BatchRegistry): RunItem {
  return function run(value, stage) {
    const item = readBatchItem(value)
    if ('status' in item) return faultJson(item)
    const { targets } = item
    switch (targets.kind) {
      case 'connections': {
        if (targets.ids.length === 1 && item.terms.report === 'none') {
          return toOne(targets.ids[0] as ConnectionId, item, stage)
        }
        return toConnections(targets.ids, item, stage)
      }
      case 'all':
        return toAudiences([audience(stage, 'all', '')], item, stage)
      default:
        return toAudiences(
          targets.names.map((name) => audience(stage, targets.kind, name)),
          item,
          stage,
        )
    }
  }

  /** A message for one connection, which is answered as POST of it is. */
  function toOne(id: ConnectionId, item: BatchItem, { reachedApi }: BatchStage): string | Promise<string> {
    const { except, filter } = item.terms
    if (except.length > 0 && except.includes(id)) return accepted
    const frame = frameOf(item)
    const outcome =
      filter === null ? registry.deliver(id, frame, reachedApi) : registry.deliverIf(id, frame, filter, reachedApi)
    return outcome instanceof Promise ? outcome.then((late) => oneResults[late]) : oneResults[outcome]
  }

  function toConnections(ids: readonly ConnectionId[], item: BatchItem, stage: BatchStage): string | Promise<string> {
    const { terms } = item
    const { filter } = terms
    const frame = frameOf(item)
    const leftOut = new Set(terms.except)
    const reached = leftOut.size === 0 ? ids : ids.filter((id) => !leftOut.has(id))
    const sum = new ReportSum(terms.failures)
    const late: Promise<void>[] = []
    for (const id of reached) {
      const outcome =
        filter === null
          ? registry.deliver(id, frame, stage.reachedApi)
          : registry.deliverIf(id, frame, filter, stage.reachedApi)
      if (outcome instanceof Promise) late.push(outcome.then((each) => sum.count(id, each)))
      else sum.count(id, outcome)
    }
    return whenAll(late, sum, terms, stage)
  }

  function toAudiences(
    audiences: readonly Audience[],
    { frame, terms }: BatchItem,
    stage: BatchStage,
  ): string | Promise<string> {
    const sum = new ReportSum(terms.failures)
    const late: Promise<void>[] = []
    for (const each of audiences) {
      const report = registry.send(each, frame, terms)
      if (report instanceof Promise) late.push(report.then((each) => sum.add(each)))
      else sum.add(report)
    }
    return whenAll(late, sum, terms, stage)
  }

  function whenAll(
    late: readonly Promise<void>[],
    sum: ReportSum,
    terms: SendTerms,
    stage: BatchStage,
  ): string | Promise<string> {
    const result = () => resultJson(sum.report(), terms, (failures) => registry.keepReport(stage, failures))
    return late.length === 0 ? result() : Promise.all(late).then(result)
  }
}

/** The frame for single connections, which has its key with it. */
function frameOf({ frame, terms: { coalesce } }: BatchItem): Frame {
  return coalesce === null ? frame : { ...frame, coalesce }
}

function audience({ apiId, stage }: BatchStage, kind: Audience['kind'], name: string): Audience {
  return { apiId, stage, kind, name }
}

function resultJson(report: SendReport, { report: kind }: SendTerms, keep: KeepReport): string {
  if (kind !== 'none') return `{"status":200,${reportJson(report, kind, keep).slice(1)}`
  return report.unreachable > 0 ? `{"status":202,${unreachableJson(report).slice(1)}` : accepted
}

const accepted = '{"status":202}'

/** The results of a message for one connection, with the statuses that POST of it has. */
const oneResults: Readonly<Record<SelectedOutcome, string>> = {
  sent: '{"status":200}',
  gone: statusJson('CONNECTION_GONE'),
  full: statusJson('CLIENT_BUFFER_FULL'),
  unreachable: statusJson('WORKER_UNREACHABLE'),
  leftOut: accepted,
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
