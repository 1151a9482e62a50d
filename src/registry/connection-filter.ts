import type { ConnectionRecord } from '../vocabulary/connection.ts'
import { userIdOf } from '../vocabulary/connection-user.ts'
import type { ConnectionFilter } from './contract.ts'

/** Whether a record passes every member of a filter that is set. */
export function matchesFilter(record: ConnectionRecord, filter: ConnectionFilter): boolean {
  return (
    (filter.apiId === undefined || record.apiId === filter.apiId) &&
    (filter.stage === undefined || record.stage === filter.stage) &&
    (filter.sourceIp === undefined || record.sourceIp === filter.sourceIp) &&
    (filter.principalId === undefined || member(record.authorizer, 'principalId') === filter.principalId) &&
    (filter.userId === undefined || userIdOf(record) === filter.userId) &&
    (filter.tokenId === undefined || member(record.authorizer, 'jti') === filter.tokenId) &&
    (filter.apiKeyId === undefined || member(record.identity, 'apiKeyId') === filter.apiKeyId) &&
    (filter.since === undefined || record.connectedAt >= filter.since) &&
    (filter.userAgent === undefined || containsFolded(record.userAgent, filter.userAgent))
  )
}

function member(texts: Readonly<Record<string, string>> | null, name: string): string | undefined {
  return texts !== null && Object.hasOwn(texts, name) ? texts[name] : undefined
}

function containsFolded(text: string | null, part: string): boolean {
  return text?.toLowerCase().includes(part.toLowerCase()) ?? false
}
