import { Packr } from 'msgpackr'
import type { ConnectionAttributes, ConnectionIdentity, ConnectionRecord } from '../../vocabulary/connection.ts'
import { isUserChangeFault, principalUser, readUserChange, userIdOf } from '../../vocabulary/connection-user.ts'
import type { ConnectionId } from '../../vocabulary/ids.ts'
import { isPlainValue } from './plain-value.ts'

// Records of msgpackr's own keep state from one message to the next: nothing for what several processes read.
const packr = new Packr({ useRecords: false })

/**
 * Bytes of the longest record: what is longer is not ours, since a record holds little more than some headers of a
 * handshake.
 */
export const maxRecordBytes = 256 * 1024
const maxRecordItems = 10_000

/** The members of a record but its id, in the order of the wire; a later version may add members at the end. */
export type WireRecord = readonly [
  apiId: string,
  stage: string,
  connectedAt: number,
  sourceIp: string,
  userAgent: string | null,
  domainName: string,
  authorizer: Readonly<Record<string, string>> | null,
  identity: ConnectionIdentity | null,
  /** Left out together where they say nothing beyond the authorizer. */
  ...user: [] | [userId: string | null, attributes: ConnectionAttributes | null],
]

export function wireRecord(record: ConnectionRecord): WireRecord {
  const { apiId, stage, connectedAt, sourceIp, userAgent, domainName, authorizer, attributes = null } = record
  const userId = userIdOf(record)
  const isPlain = attributes === null && userId === principalUser(authorizer)
  return [
    ...([apiId, stage, connectedAt, sourceIp, userAgent, domainName, authorizer] as const),
    withoutSecret(record.identity),
    ...(isPlain ? ([] as const) : ([userId, attributes] as const)),
  ]
}

/** Leaves out the value of an API key, which is a secret: who goes on for another worker has `apiKeyId` alone. */
function withoutSecret(identity: ConnectionIdentity | null): ConnectionIdentity | null {
  if (identity?.apiKey === undefined) return identity
  const { apiKey: _, ...others } = identity
  return others
}

/** Reads a record as it stands in an envelope; null when it is none: anybody may have written it. */
export function readWireRecord(connectionId: ConnectionId, value: unknown): ConnectionRecord | null {
  if (!Array.isArray(value)) return null
  // A record of an earlier version ends before the identity, or before the user.
  const [apiId, stage, connectedAt, sourceIp, userAgent, domainName, authorizer, identity = null, userId, attributes] =
    value as readonly unknown[]
  if (typeof apiId !== 'string' || typeof stage !== 'string' || typeof connectedAt !== 'number') return null
  if (typeof sourceIp !== 'string' || typeof domainName !== 'string') return null
  if (userAgent !== null && typeof userAgent !== 'string') return null
  if (authorizer !== null && !isTexts(authorizer)) return null
  if (identity !== null && !isTexts(identity)) return null
  const record = { connectionId, apiId, stage, connectedAt, sourceIp, userAgent, domainName, authorizer, identity }
  if (userId === undefined) return record
  const user = readUserChange({ userId, attributes: attributes ?? null })
  return isUserChangeFault(user) ? null : { ...record, ...user }
}

function isTexts(value: unknown): value is Record<string, string> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((each) => typeof each === 'string')
  )
}

export function packRecord(record: ConnectionRecord): Buffer {
  return packr.pack(wireRecord(record))
}

/** Reads a record as it stands in Redis; null when it is none. */
export function unpackRecord(connectionId: ConnectionId, bytes: Buffer): ConnectionRecord | null {
  if (bytes.length > maxRecordBytes || !isPlainValue(bytes, maxRecordItems)) return null
  try {
    return readWireRecord(connectionId, packr.unpack(bytes))
  } catch {
    return null
  }
}
