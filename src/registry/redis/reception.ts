import type { Log, Metrics } from '../../observability/contract.ts'
import type { ConnectionRecord } from '../../vocabulary/connection.ts'
import type { OwnerId } from '../../vocabulary/ids.ts'
import type { LocalConnections } from '../contract.ts'
import type { LocalGroups } from '../group-contract.ts'
import type { KeptReports } from '../kept-reports.ts'
import type { RecordTable } from '../record-table.ts'
import { readEnvelope } from './envelope.ts'
import type { GroupDirectory } from './group-directory.ts'
import { createGroupAnswerer } from './group-questions.ts'
import type { Peers } from './peers.ts'
import { createAnswerer } from './questions.ts'
import { createSerials } from './serials.ts'

export interface ReceptionOptions {
  readonly local: LocalConnections
  readonly records: RecordTable
  readonly peers: Peers
  readonly localGroups: LocalGroups
  readonly directory: GroupDirectory
  readonly reports: KeptReports
  /** Stores a record that has changed. */
  readonly store: (record: ConnectionRecord) => Promise<void>
  readonly own: () => OwnerId
  /** Whether this worker can't have been buried: its connections may have been reported gone otherwise. */
  readonly mayAct: () => boolean
  /** Called when an envelope has come that this worker sent to itself. */
  readonly echoed: () => void
  readonly metrics: Metrics
  readonly log: Log
  readonly clock: () => number
}

/** Takes what comes through Redis, where anybody may write: checks it, answers its questions. Never throws. */
export function createReception(options: ReceptionOptions): (bytes: Buffer) => void {
  const { local, localGroups, directory, reports, records, peers, store, own, mayAct, echoed, metrics, log, clock } =
    options
  const answerOf = createAnswerer(local, records, store)
  const answerOfGroups = createGroupAnswerer({ local: localGroups, directory, reports, peers })
  const serials = createSerials({ clock })
  const received = metrics.counter('postern_registry_envelopes_total', { direction: 'in' })

  function take(bytes: Buffer): void {
    const envelope = readEnvelope(bytes)
    if (typeof envelope === 'string') {
      metrics.counter('postern_registry_envelopes_refused_total', { reason: envelope }).value++
      return log.debug({ reason: envelope, bytes: bytes.length }, 'an envelope was refused')
    }
    const { from, to, serial, questions } = envelope
    if (to !== own()) return
    if (from === to) return echoed()
    if (!serials.isNew(from, serial)) return
    received.value++
    peers.take(envelope)
    if (questions.length > 0 && !mayAct()) return
    for (const question of questions) {
      const answer = answerOfGroups(question) ?? answerOf(question)
      if (answer instanceof Promise) void answer.then((late) => peers.answer(from, late))
      else peers.answer(from, answer)
    }
  }

  return function receive(bytes) {
    if (bytes.length === 0) return // a look whether the channel may be published to
    try {
      take(bytes)
    } catch (error) {
      log.error({ err: error }, 'an envelope could not be taken')
    }
  }
}
