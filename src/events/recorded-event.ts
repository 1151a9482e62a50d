import type { ConnectionRecord } from '../vocabulary/connection.ts'
import { userIdOf } from '../vocabulary/connection-user.ts'
import { type ContextSource, noMethod } from './context-source.ts'
import { EventBase } from './event-base.ts'
import type { IntegrationReport, ReportedEvent } from './integration-report.ts'

/** An event in the life of a connection, whose record the gateway therefore has: what integrations are called with. */
export abstract class RecordedEvent extends EventBase implements ReportedEvent {
  readonly record: ConnectionRecord
  integration: IntegrationReport | null = null

  constructor(record: ConnectionRecord, routeKey: string, requestTimeEpoch: number, traceId: string | null) {
    super(routeKey, requestTimeEpoch, traceId)
    this.record = record
  }

  get apiId(): string {
    return this.record.apiId
  }

  get stage(): string {
    return this.record.stage
  }
}

/** The values of `$context` that every kind with a record has. */
export const recordedContext = {
  connectionId: ({ record }) => record.connectionId,
  connectedAt: ({ record }) => record.connectedAt,
  domainName: ({ record }) => record.domainName,
  sourceIp: ({ record }) => record.sourceIp,
  userAgent: ({ record }) => record.userAgent,
  authorizer: ({ record }) => record.authorizer,
  identity: ({ record }) => record.identity,
  userId: ({ record }) => userIdOf(record),
  attributes: ({ record }) => record.attributes ?? null,
  integration: ({ integration }) => integration,
  ...noMethod,
} satisfies Partial<ContextSource<RecordedEvent>>
