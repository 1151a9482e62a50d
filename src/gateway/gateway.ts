import type { CommonLimits } from '../limits/contract.ts'
import type { DescriptorBudget } from '../limits/descriptor-budget.ts'
import type { Log } from '../observability/contract.ts'
import type { ConnectionDirectory, Fleet } from '../registry/contract.ts'
import type { Group, Groups, JoinOutcome } from '../registry/group-contract.ts'
import type { RevocationCheck } from '../revocations/contract.ts'
import { type AnyStage, holdsWebSockets } from '../stages/any-stage.ts'
import type { Catalog, Target } from '../stages/catalog.ts'
import type { HttpStage } from '../stages/http-stage.ts'
import type { StageSlot } from '../stages/stage-slot.ts'
import type { WebSocketStage } from '../stages/websocket-stage.ts'
import type { CloseCause, TransportHandlers, TransportRequest, Upgrade } from '../transport/contract.ts'
import type { ClientAddress } from '../vocabulary/client-address.ts'
import { type CloseReasonName, closeReasons } from '../vocabulary/close-reasons.ts'
import type { ConnectionRecord } from '../vocabulary/connection.ts'
import { type ConnectionId, ownerOfConnectionId } from '../vocabulary/ids.ts'
import type { ClientCertificates } from './client-certificates.ts'
import { createConnectHandler } from './connect.ts'
import type { Connection } from './connection.ts'
import { createConnectionClocks } from './connection-clocks.ts'
import { createDisconnectHandler, tellsOfEnds } from './disconnect.ts'
import { createDrain } from './drain.ts'
import type { OpenConnections } from './local-connections.ts'
import type { ConnectionGroups } from './local-groups.ts'
import { createMessageHandler } from './message.ts'
import type { Refusals } from './refusals.ts'
import { createThrottledMessages } from './throttled.ts'
import { createWork } from './work.ts'

export interface GatewayOptions {
  readonly catalog: Catalog<AnyStage>
  /** Answers a request for an upgrade to a stage that has no WebSockets as the plain request that it is. */
  readonly plainRequest: (upgrade: Upgrade<Connection>, target: Target<HttpStage>) => void
  readonly registry: ConnectionDirectory & Fleet & Pick<Groups, 'join' | 'prepare'>
  readonly open: OpenConnections
  readonly groups: Pick<ConnectionGroups, 'opened' | 'closed'>
  readonly log: Log
  readonly now: () => number
  /** A random number from 0 (inclusive) to 1: spreads the ends of connections that began together. */
  readonly random: () => number
  readonly clientAddress: (request: TransportRequest) => ClientAddress
  /** The certificates that clients show; absent or null where nobody is asked for one. */
  readonly certificates?: ClientCertificates | null
  readonly refusals: Refusals
  /** The limits that all APIs have in common; left out for none. */
  readonly limits?: CommonLimits
  readonly revocations: RevocationCheck
  readonly maxConnections: number
  /** The descriptors that connections may take; left out where nobody knows a limit. */
  readonly descriptors?: Pick<DescriptorBudget, 'takesConnection'> | null
  readonly maxMessagesInFlight: number
  readonly maxOrderedQueue: number
}

/** The life of every WebSocket connection of this worker: what `transport` calls for handshakes, frames and closes. */
export interface Gateway
  extends Required<Pick<TransportHandlers<Connection>, 'upgrade' | 'message' | 'pinged' | 'drained' | 'close'>> {
  /** Whether the gateway drains: true from `announceDrain` on. */
  readonly draining: boolean
  /** Handshakes, messages and `$disconnect`s under way. */
  readonly inFlight: number
  /** Ends the connections of a removed stage; each gets its `$disconnect` from the stage as it was last. */
  endSlot(slot: StageSlot<AnyStage>): void
  /** Ends the connections whose key is gone or whose credentials are revoked, and gives how many those are. */
  endRevoked(): number
  /**
   * Tells the backend that a connection is gone whose worker died: `$disconnect` with 1006. Resolves when it has
   * answered or failed; a record of a stage that is not served here is logged and let go.
   */
  bury(record: ConnectionRecord): Promise<void>
  /**
   * Ends every connection, since this worker was taken for dead. Their `$disconnect`s are run elsewhere, but for
   * those that `owes` says.
   */
  endBuried(owes: (id: ConnectionId) => boolean): void
  /**
   * Announces a drain: no client should be sent here any more. Resolves after so many seconds, in which whoever comes
   * is served as before.
   */
  announceDrain(seconds: number): Promise<void>
  /**
   * Refuses new connections, lets messages under way finish, ends the open connections one by one over `seconds`,
   * and resolves when the last `$disconnect` is answered. What was sent arrives before the close frame, for which
   * slow clients get five seconds more. Safe to call twice.
   */
  drain(seconds: number): Promise<void>
  /** Stops the clocks. */
  stop(): void
}

const noLimits: CommonLimits = { requests: null, newConnections: null, sources: null }

/** Bytes of the messages that wait until a process that stood still knows whether it may serve them. */
export const maxHeldBytes = 32 * 1024 * 1024

export function createGateway(options: GatewayOptions): Gateway {
  const { catalog, registry, open, groups, log, now } = options
  const work = createWork()
  const disconnect = createDisconnectHandler({ work, log, now })
  const limits = options.limits ?? noLimits
  const throttled = createThrottledMessages(log)
  const handle = createMessageHandler({ ...options, requests: limits.requests, throttled, work, tokenChanged })
  const drain = createDrain({ open, work, now })
  const clocks = createConnectionClocks(options)
  let reserved = 0
  let held = 0
  /** The connection that ends at this moment without a `$disconnect` of ours. */
  let reportedElsewhere: Connection | null = null

  const upgrade = createConnectHandler({
    ...options,
    work,
    limits,
    reserve() {
      if (drain.begun) return 'DRAINING'
      if (reserved >= options.maxConnections) return 'TOO_MANY_CONNECTIONS'
      if (options.descriptors && !options.descriptors.takesConnection()) return 'TOO_FEW_DESCRIPTORS'
      reserved++
      return null
    },
    release,
    opened,
    lost(connection) {
      const { code, text } = closeReasons.connectionLost
      const { slot } = connection
      slot.enter()
      void disconnect(connection, slot.newest, code, text).finally(slot.leave)
    },
  })

  function release({ source }: Connection): void {
    reserved--
    source?.leave()
  }

  /**
   * Takes a message. One that a client had sent to a process that stood still waits until it is known whether that may
   * still serve it.
   */
  function message(connection: Connection, bytes: Buffer, isBinary: boolean): void {
    const doubt = registry.doubt()
    if (doubt === null) return handle(connection, bytes, isBinary)
    if (held + bytes.byteLength > maxHeldBytes) return open.end(connection, 'tooManyBytesHeld')
    held += bytes.byteLength
    // The frame is gone after this turn.
    const copy = Buffer.from(bytes)
    void doubt.then(() => {
      held -= copy.byteLength
      handle(connection, copy, isBinary)
    })
  }

  function opened(connection: Connection, stage: WebSocketStage, joins: readonly Group[] | null): void {
    connection.slot.connections++
    connection.slot.enter()
    // Closed while it was being accepted: it must not be kept for ever by who would wait for its close.
    if (connection.ending !== null) return
    open.add(connection)
    groups.opened(connection)
    clocks.add(connection, stage)
    // While `$connect` was asked, this worker may have been taken for dead: an id of its old owner leads nowhere.
    if (ownerOfConnectionId(connection.connectionId) !== registry.owner) return open.end(connection, 'workerBuried')
    void registry.add(connection)
    // The stage may have been removed, or the drain begun, while `$connect` was asked.
    if (connection.slot.current === null) open.end(connection, 'stageRemoved')
    else if (drain.begun) drain.late(connection)
    else endIfRevoked(connection)
    if (joins === null || connection.ending !== null) return
    for (const group of joins) join(connection, stage, group)
  }

  /** Joins a connection that has just begun to a group of its route. */
  function join({ connectionId, apiId, stage: stageName }: Connection, stage: WebSocketStage, group: Group): void {
    const outcome = registry.join(connectionId, group)
    const note = (late: JoinOutcome | 'unreachable'): void => {
      if (late !== 'tooMany') return
      stage.errors('TOO_MANY_GROUPS').value++
      log.warn({ api: apiId, stage: stageName, connectionId }, '$connect names more groups than a connection may be in')
    }
    if (outcome instanceof Promise) {
      outcome.then(note, (err: unknown) => log.error({ err, connectionId }, 'a group could not be joined'))
    } else note(outcome)
  }

  /**
   * Ends a connection whose key is gone or whose credentials are revoked, and gives whether it did. Both may happen while
   * `$connect` is asked.
   */
  function endIfRevoked(connection: Connection): boolean {
    if (connection.ending !== null) return false
    if (connection.usage?.isRevoked === true || connection.key?.isRevoked === true) {
      open.end(connection, 'keyRevoked')
    } else if (options.revocations.find(connection) !== null) open.end(connection, 'credentialsRevoked')
    return connection.ending !== null
  }

  function close(connection: Connection, code: number, reason: string, cause: CloseCause): void {
    const name = reasonOf(connection, code, cause)
    // What was sent in the close frame, by either side, is what is reported.
    const reported = cause === 'client' || cause === 'server' ? reportedReason(code, reason) : closeReasons[name].text
    connection.ending ??= name
    connection.waiting = null
    release(connection)
    clocks.remove(connection)
    open.remove(connection)
    groups.closed(connection)
    // Who still holds the record, as a table does that has been copied, does not hold what belongs to the socket.
    connection.socket = null
    const { connectionId, slot } = connection
    slot.connections--
    slot.newest.closes(name).value++
    const owed = connection !== reportedElsewhere && tellsOfEnds(slot.newest)
    const told = owed ? disconnect(connection, slot.newest, code, reported) : undefined
    void registry.remove(connectionId, told)
    if (told === undefined) slot.leave()
    else void told.then(slot.leave, slot.leave)
  }

  function tokenChanged(connection: Connection): void {
    // Whoever buries this worker tells the backend with the newest context.
    void registry.add(connection)
    const stage = connection.slot.current
    if (stage === null) return
    // The new token may end before the old one.
    clocks.remove(connection)
    clocks.add(connection, stage)
  }

  return {
    upgrade,
    message,
    pinged(connection) {
      connection.lastActiveAt = now()
    },
    drained: open.drained,
    close,
    get draining() {
      return drain.announced
    },
    get inFlight() {
      return work.count
    },
    endSlot(slot) {
      for (const connection of [...open.all()]) {
        if (connection.slot === slot) open.end(connection, 'stageRemoved')
      }
    },
    endRevoked() {
      let ended = 0
      for (const connection of [...open.all()]) if (endIfRevoked(connection)) ended++
      return ended
    },
    async bury(record) {
      const isItsOwn = (each: StageSlot<WebSocketStage>) =>
        each.apiId === record.apiId && each.stageName === record.stage
      const slot = catalog.slots().filter(holdsWebSockets).find(isItsOwn)
      if (slot === undefined) {
        const { connectionId, apiId: api, stage: name } = record
        return log.warn({ connectionId, api, stage: name }, 'no $disconnect for a stage that is not served here')
      }
      const stage = slot.newest
      stage.closes('workerLost').value++
      slot.enter()
      await disconnect(record, stage, closeReasons.workerLost.code, closeReasons.workerLost.text).finally(slot.leave)
    },
    endBuried(owes) {
      for (const connection of [...open.all()]) {
        // The close handler runs before `end` returns.
        reportedElsewhere = owes(connection.connectionId) ? null : connection
        open.end(connection, 'workerBuried')
      }
      reportedElsewhere = null
    },
    announceDrain: drain.announce,
    drain: drain.run,
    stop() {
      clocks.close()
      throttled.close()
      drain.stop()
    },
  }
}

function reasonOf(connection: Connection, code: number, cause: CloseCause): CloseReasonName {
  if (connection.ending !== null) return connection.ending
  if (cause === 'client') return code === 1005 ? 'clientClosedWithoutStatus' : 'clientClosed'
  if (cause === 'unresponsive') return 'peerUnresponsive'
  if (cause === 'protocol') return code === closeReasons.messageTooBig.code ? 'messageTooBig' : 'protocolError'
  return 'connectionLost'
}

function reportedReason(code: number, reason: string): string {
  return code === 1005 ? closeReasons.clientClosedWithoutStatus.text : reason
}
