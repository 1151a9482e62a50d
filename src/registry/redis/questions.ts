import { maxCloseReasonBytes, mayCloseWith } from '../../vocabulary/close-frame.ts'
import { isCoalesceKey } from '../../vocabulary/coalesce-key.ts'
import type { ConnectionDescription, ConnectionRecord } from '../../vocabulary/connection.ts'
import { isUserChangeFault, readUserChange } from '../../vocabulary/connection-user.ts'
import { maxMessageBytes } from '../../vocabulary/frames.ts'
import { type OwnerId, ownerOfConnectionId } from '../../vocabulary/ids.ts'
import { parseJson } from '../../vocabulary/json-text.ts'
import type { ConnectionFilter, ConnectionPage, LocalConnections } from '../contract.ts'
import type { RecordTable } from '../record-table.ts'
import { isRecordCursor } from '../record-table.ts'
import { answerCodes, type PeerAnswer, type PeerQuestion, questionKinds, sendCodes } from './envelope.ts'
import { readWireRecord, wireRecord } from './record-codec.ts'
import { wireSize } from './wire-size.ts'

/** Records in one answer; a page that was asked to be longer is cut, with a cursor. */
const maxPage = 200
/** Bytes of those records, more or less: an answer has to fit into an envelope. */
const maxPageBytes = 512 * 1024
/** Listings under way for others: each may look at every record. */
const maxListings = 16

/**
 * Creates the answerer of this worker to questions of others: it gives a promise for listings and for what is stored. Never throws, never
 * rejects. What does not make sense is refused: anybody may ask, through Redis.
 */
export function createAnswerer(
  local: LocalConnections,
  records: RecordTable,
  store: (record: ConnectionRecord) => Promise<void>,
): (question: PeerQuestion) => PeerAnswer | Promise<PeerAnswer> {
  let listings = 0

  return function answer([number, kind, id, apiId, first, second]) {
    const only = apiId ?? undefined
    const refused: PeerAnswer = [number, answerCodes.refused, null]
    switch (kind) {
      case questionKinds.text:
      case questionKinds.binary: {
        const coalesce = typeof second === 'string' && isCoalesceKey(second) ? second : null
        const frame = { data: first as string | Uint8Array, binary: kind === questionKinds.binary, coalesce }
        if (frame.data.length > maxMessageBytes) return refused
        return [number, sendCodes[local.send(id, frame, only)], null]
      }
      case questionKinds.close: {
        const [code, reason] = [first as number | null, second as string | null]
        if (code !== null && !mayCloseWith(code)) return refused
        if (reason !== null && Buffer.byteLength(reason) > maxCloseReasonBytes) return refused
        return [number, local.close(id, code, reason, only) ? answerCodes.done : answerCodes.gone, null]
      }
      case questionKinds.describe: {
        const found = local.describe(id)
        if (found === null) return [number, answerCodes.gone, null]
        return [number, answerCodes.done, [wireRecord(found), found.lastActiveAt]]
      }
      case questionKinds.changeUser: {
        const change = readUserChange(parseJson(first as string))
        if (isUserChangeFault(change)) return refused
        const changed = local.changeUser(id, change, only)
        if (changed === null) return [number, answerCodes.gone, null]
        return store(changed).then(
          () => [number, answerCodes.done, null],
          () => refused,
        )
      }
      case questionKinds.list: {
        if (listings >= maxListings) return refused
        listings++
        return listed(first, second, records)
          .then(
            (payload): PeerAnswer => [number, answerCodes.done, payload],
            () => refused,
          )
          .finally(() => listings--)
      }
      default:
        return refused
    }
  }
}

async function listed(filter: unknown, place: unknown, records: RecordTable): Promise<unknown> {
  const [cursor, limit] = place as unknown[]
  const from = typeof cursor === 'string' && isRecordCursor(cursor) ? cursor : null
  for (let count = Math.min(maxPage, Math.max(1, Math.floor(Number(limit)) || 1)); ; count = Math.ceil(count / 4)) {
    const page = await records.list(readFilter(filter), from, count)
    const packed = page.connections.map((record) => [record.connectionId, wireRecord(record)])
    if (count === 1 || wireSize(packed) <= maxPageBytes) return [packed, page.cursor]
  }
}

/** The members of a filter in the order of the wire; a later version may add members at the end. */
export function wireFilter(filter: ConnectionFilter): unknown[] {
  const { apiId, stage, userAgent, sourceIp, since, userId, principalId, tokenId, apiKeyId } = filter
  return [apiId, stage, userAgent, sourceIp, since, userId, principalId, tokenId, apiKeyId].map(
    (member) => member ?? null,
  )
}

function readFilter(value: unknown): ConnectionFilter {
  const [apiId, stage, userAgent, sourceIp, since, userId, principalId, tokenId, apiKeyId] = value as unknown[]
  return {
    apiId: textOrNothing(apiId),
    stage: textOrNothing(stage),
    userAgent: textOrNothing(userAgent),
    sourceIp: textOrNothing(sourceIp),
    since: typeof since === 'number' ? since : undefined,
    userId: textOrNothing(userId),
    principalId: textOrNothing(principalId),
    tokenId: textOrNothing(tokenId),
    apiKeyId: textOrNothing(apiKeyId),
  }
}

function textOrNothing(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** The payload of an answer to `list` of at most `limit` records of a worker; null when it is none. */
export function readPage(payload: unknown, owner: OwnerId, limit: number): ConnectionPage | null {
  if (!Array.isArray(payload)) return null
  const [packed, cursor] = payload as unknown[]
  if (!Array.isArray(packed) || packed.length > limit) return null
  if (cursor !== null && !(typeof cursor === 'string' && isRecordCursor(cursor))) return null
  const connections: ConnectionRecord[] = []
  for (const each of packed as unknown[]) {
    const [id, wire] = Array.isArray(each) ? (each as unknown[]) : []
    const isItsOwn = typeof id === 'string' && ownerOfConnectionId(id) === owner
    const record = isItsOwn ? readWireRecord(id, wire) : null
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
