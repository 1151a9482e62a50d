import type { ClientKey, ConnectionToken } from '../authorizers/contract.ts'
import type { ConnectionTokens } from '../limits/connection-tokens.ts'
import type { SourcePlace } from '../limits/contract.ts'
import type { DeadlineItem } from '../limits/deadlines.ts'
import type { StageSlot } from '../stages/stage-slot.ts'
import type { WebSocketStage } from '../stages/websocket-stage.ts'
import type { Socket } from '../transport/contract.ts'
import type { KeyMeter } from '../usage/contract.ts'
import type { CloseReasonName } from '../vocabulary/close-reasons.ts'
import type { ConnectionAttributes, ConnectionDescription, ConnectionIdentity } from '../vocabulary/connection.ts'
import type { ConnectionId } from '../vocabulary/ids.ts'
import type { Backlog } from './backlog.ts'
import type { Members } from './members.ts'

/** The client that connects, as it is known before the handshake is answered. */
export interface Admission {
  readonly connectionId: ConnectionId
  readonly slot: StageSlot<WebSocketStage>
  readonly connectedAt: number
  readonly sourceIp: string
  readonly userAgent: string | null
  readonly domainName: string
}

/**
 * One client's connection, from its admission on: the record that the registry stores, the state that the gateway
 * keeps, and the item in the deadline list, in one object, because an idle connection may cost 3 KB in all.
 */
export class Connection implements ConnectionDescription, DeadlineItem {
  // What a message to many reads of each comes first, side by side in memory.
  /** The socket; null until the handshake is answered with 101, and after the end. */
  socket: Socket | null = null
  /** The reason why the gateway ends the connection, from the moment it decides to; null before. */
  ending: CloseReasonName | null = null
  /** Messages that wait here since the client reads too slowly; null for none. */
  backlog: Backlog | null = null
  readonly slot: StageSlot<WebSocketStage>
  lastActiveAt: number

  readonly connectionId: ConnectionId
  readonly apiId: string
  readonly stage: string
  readonly connectedAt: number
  readonly sourceIp: string
  readonly userAgent: string | null
  readonly domainName: string
  /** Set when the authorizer has let the client in, and anew with each new token. */
  authorizer: Readonly<Record<string, string>> | null = null
  /** Set by the steps of the handshake that see credentials; not after it is answered. */
  identity: ConnectionIdentity | null = null
  /** The user whose connection it is; null for nobody's. Whoever changes it tells the groups (`userChanged`). */
  userId: string | null = null
  /** Facts that `$connect` or the backend has set; null for none. */
  attributes: ConnectionAttributes | null = null

  /** The groups that it is a member of, as they keep it; null for none. */
  groups: readonly Members<Connection>[] | null = null
  /** The token that the client has shown; null for none. Known to this worker alone. */
  token: ConnectionToken | null = null
  /** The token of whose end the client has been warned; null before. */
  warnedOf: ConnectionToken | null = null
  /** The access key that the client has signed with; null for none. */
  key: ClientKey | null = null
  /** The meter of the client's API key, which its messages count on too; null where none was required. */
  usage: KeyMeter | null = null
  /** The place among the connections of the client's address; null where those have no limit. */
  source: SourcePlace | null = null
  /** The tokens for what the client sends; null until first needed. */
  allowance: ConnectionTokens | null = null
  /** Messages whose integration has not answered. */
  inFlight = 0
  /** Messages that wait for their turn; null unless the stage is ordered and one waits. */
  waiting: string[] | null = null
  /** The share of its lifetime by which it ends early; null until first asked. */
  jitter: number | null = null
  earlier: DeadlineItem | null = null
  later: DeadlineItem | null = null

  constructor(admission: Admission) {
    this.connectionId = admission.connectionId
    this.apiId = admission.slot.apiId
    this.stage = admission.slot.stageName
    this.connectedAt = admission.connectedAt
    this.sourceIp = admission.sourceIp
    this.userAgent = admission.userAgent
    this.domainName = admission.domainName
    this.slot = admission.slot
    this.lastActiveAt = admission.connectedAt
  }
}
