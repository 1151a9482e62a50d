import type { ConnectionDescription, ConnectionRecord } from '../../vocabulary/connection.ts'
import type { SendOutcome } from '../../vocabulary/frames.ts'
import type { ConnectionFilter, ConnectionPage, LocalConnections } from '../contract.ts'
import type { RecordTable } from '../record-table.ts'
import { isRecordCursor } from '../record-table.ts'
import { type Answer, answerCodes, type Question, questionKinds } from './envelope.ts'
import { readWireRecord, wireRecord } from './record-codec.ts'

/** Records in one answer; a page that was asked to be longer is cut, with a cursor. */
const maxPage = 200

/** What this worker says to a question of another one. A promise for listings only. Never throws, never rejects. */
export function answerQuestion(
  question: Question,
  local: LocalConnections,
  records: RecordTable,
): Answer | Promise<Answer> {
  const [number, kind, id, apiId, first, second] = question
  const only = apiId ?? undefined
  switch (kind) {
    case questionKinds.text:
    case questionKinds.binary: {
      const frame = { data: first as string | Uint8Array, binary: kind === questionKinds.binary }
      return [number, sendCodes[local.send(id, frame, only)], null]
    }
    case questionKinds.close: {
      const closed = local.close(id, first as number | null, second as string | null, only)
      return [number, closed ? answerCodes.done : answerCodes.gone, null]
    }
    case questionKinds.describe: {
      const found = local.describe(id)
      if (found === null) return [number, answerCodes.gone, null]
      return [number, answerCodes.done, [wireRecord(found), found.lastActiveAt]]
    }
    case questionKinds.list:
      return listed(number, first, second, records).catch(() => [number, answerCodes.refused, null])
    default:
      return [number, answerCodes.refused, null]
  }
}

const sendCodes: Readonly<Record<SendOutcome, number>> = {
  sent: answerCodes.done,
  gone: answerCodes.gone,
  full: answerCodes.full,
}

async function listed(number: number, filter: unknown, place: unknown, records: RecordTable): Promise<Answer> {
  const [cursor, limit] = place as unknown[]
  const count = Math.min(maxPage, Math.max(1, Number(limit) || 1))
  const from = typeof cursor === 'string' && isRecordCursor(cursor) ? cursor : null
  const page = await records.list(readFilter(filter), from, count)
  const packed = page.connections.map((record) => [record.connectionId, wireRecord(record)])
  return [number, answerCodes.done, [packed, page.cursor]]
}

export function wireFilter({ apiId, stage, userAgent, sourceIp, since }: ConnectionFilter): unknown[] {
  return [apiId, stage, userAgent, sourceIp, since].map((member) => member ?? null)
}

function readFilter(value: unknown): ConnectionFilter {
  const [apiId, stage, userAgent, sourceIp, since] = value as unknown[]
  return {
    apiId: textOrNothing(apiId),
    stage: textOrNothing(stage),
    userAgent: textOrNothing(userAgent),
    sourceIp: textOrNothing(sourceIp),
    since: typeof since === 'number' ? since : undefined,
  }
}

function textOrNothing(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** The payload of an answer to `list`; null when it is none. */
export function readPage(payload: unknown): ConnectionPage | null {
  if (!Array.isArray(payload)) return null
  const [packed, cursor] = payload as unknown[]
  if (!Array.isArray(packed) || (cursor !== null && !(typeof cursor === 'string' && isRecordCursor(cursor))))
    return null
  const connections: ConnectionRecord[] = []
  for (const each of packed as unknown[]) {
    const [id, wire] = Array.isArray(each) ? (each as unknown[]) : []
    const record = typeof id === 'string' ? readWireRecord(id, wire) : null
    if (record !== null) connections.push(record)
  }
  return { connections, cursor }
}

/** The payload of an answer to `describe`; null when it is none. */
export function readDescription(connectionId: string, payload: unknown): ConnectionDescription | null {
  if (!Array.isArray(payload)) return null
  const [wire, lastActiveAt] = payload as unknown[]
  const record = readWireRecord(connectionId, wire)
  return record === null || typeof lastActiveAt !== 'number' ? null : { ...record, lastActiveAt }
}
