import type { Refused } from '../authorizers/contract.ts'
import { ConnectEvent } from '../events/connect-event.ts'
import type { CommonLimits } from '../limits/contract.ts'
import type { Log } from '../observability/contract.ts'
import type { ConnectionDirectory } from '../registry/contract.ts'
import type { Group, Groups } from '../registry/group-contract.ts'
import { type HandshakeAddition, handshakeEnvelope } from '../responses/handshake-envelope.ts'
import type { HttpAnswer } from '../responses/http-answer.ts'
import { shortAnswer } from '../responses/short-answer.ts'
import type { RevocationCheck } from '../revocations/contract.ts'
import { type AnyStage, servesHttp, takesWebSockets } from '../stages/any-stage.ts'
import type { Catalog, Target } from '../stages/catalog.ts'
import type { HttpStage } from '../stages/http-stage.ts'
import type { WebSocketStage } from '../stages/websocket-stage.ts'
import type { TransportRequest, Upgrade } from '../transport/contract.ts'
import type { ClientAddress } from '../vocabulary/client-address.ts'
import { type ErrorCode, errorTable, GatewayError } from '../vocabulary/errors.ts'
import { createPipeline } from '../vocabulary/pipeline.ts'
import type { Refusal } from '../vocabulary/refusal.ts'
import { certificateIdentity } from './certificate-identity.ts'
import type { ClientCertificates } from './client-certificates.ts'
import { Connection } from './connection.ts'
import { recordFailure } from './failure.ts'
import { Handshake } from './handshake.ts'
import { type HandshakeRefusal, handshakeSteps } from './handshake-steps.ts'
import type { Refusals } from './refusals.ts'
import type { Work } from './work.ts'

export interface ConnectOptions {
  readonly catalog: Catalog<AnyStage>
  readonly plainRequest: (upgrade: Upgrade<Connection>, target: Target<HttpStage>) => void
  readonly registry: ConnectionDirectory & Pick<Groups, 'prepare'>
  readonly work: Work
  readonly log: Log
  readonly now: () => number
  readonly clientAddress: (request: TransportRequest) => ClientAddress
  /** Takes a place for one more connection; null to take it, or why there is none. */
  readonly reserve: () => ErrorCode | null
  /** Gives the place back. */
  readonly release: (connection: Connection) => void
  readonly limits: CommonLimits
  readonly certificates?: ClientCertificates | null
  readonly refusals: Refusals
  readonly revocations: RevocationCheck
  /** The connection has its socket: from now on it can be found, sent to and ended. */
  readonly opened: (connection: Connection, stage: WebSocketStage, joins: readonly Group[] | null) => void
  /** The client left, or was not let in, after its backend had said yes: the backend must hear of it. */
  readonly lost: (connection: Connection) => void
}

/**
 * Creates the handler of well-formed handshakes: resolve, allocate ids, go through the steps, answer 101 or the
 * refusal.
 */
export function createConnectHandler(options: ConnectOptions) {
  const { catalog, registry, work, log, now, clientAddress, reserve, release, opened, lost } = options
  const { limits, refusals, revocations, certificates = null } = options

  const run = createPipeline<Handshake, HandshakeRefusal>({
    steps: handshakeSteps,
    beforeAwait(handshake, stepsLeft) {
      if (!handshake.waited) {
        handshake.waited = true
        work.begin()
        handshake.connection.slot.enter()
      }
      // Behind `$connect`, the last step and the one that mostly waits, nobody reads the request any more.
      if (stepsLeft > 0) handshake.copyRequest()
    },
    ended(handshake, refusal) {
      if (refusal === null) accept(handshake)
      else if (typeof refusal === 'string') fail(handshake, new GatewayError(refusal))
      else if ('code' in refusal)
        fail(handshake, new GatewayError(refusal.code, refusal.cause ?? refusal.detail), refusal)
      else refuse(handshake, refusal)
      settle(handshake)
    },
    failed(handshake, error) {
      fail(handshake, error)
      settle(handshake)
    },
  })

  return function connect(upgrade: Upgrade<Connection>): void {
    const { request } = upgrade
    const target = catalog.resolve(request.header('host'), request.path)
    if (target?.takesClients && servesHttp(target)) return options.plainRequest(upgrade, target)
    const isPlace = target !== null && takesWebSockets(target)
    if (!isPlace || !target.takesClients || (target.rest !== '' && target.rest !== '/')) {
      refusals.noteRequest(request, 'STAGE_NOT_FOUND')
      return send(upgrade, shortAnswer('STAGE_NOT_FOUND'))
    }
    const { stage } = target
    const client = clientAddress(request)
    const isElsewhere = stage.admits !== null && !stage.admits(client.sourceIp)
    const unready = isElsewhere ? 'SOURCE_REFUSED' : reserve()
    if (unready !== null) {
      stage.errors(unready).value++
      stage.connects.failed.value++
      refusals.noteRequest(request, unready)
      return send(upgrade, shortAnswer(unready))
    }
    const connection = new Connection({
      connectionId: registry.allocateId(),
      slot: target.slot,
      connectedAt: now(),
      sourceIp: client.sourceIp,
      userAgent: request.header('user-agent') || null,
      domainName: client.prefix === '' ? target.domainName : behind(client.prefix, target.domainName),
    })
    const certificate = certificates === null ? null : certificates.of(request)
    if (certificate !== null) connection.identity = certificateIdentity(certificate)
    const hidden = certificates === null ? null : certificates.hiddenHeader(request)
    const trace = request.header('x-amzn-trace-id') || null
    const event = new ConnectEvent(connection, connection.connectedAt, trace)
    run(new Handshake({ upgrade, stage, connection, event, client, limits, revocations, groups: registry, hidden }))
  }

  function accept(handshake: Handshake): void {
    const { upgrade, stage, connection, event, protocol } = handshake
    const { compression, maxFrameBytes } = stage
    connection.socket = upgrade.accept(connection, { protocol, compression, maxFrameBytes })
    if (connection.socket === null) {
      release(connection)
      stage.connects.aborted.value++
      stage.accessLog?.(event)
      if (handshake.asked) lost(connection)
      return
    }
    event.status = 200
    stage.connects.accepted.value++
    opened(connection, stage, handshake.joins)
    stage.accessLog?.(event)
  }

  /** The gateway says no, or the backend could not be asked. */
  function fail(
    handshake: Handshake,
    error: unknown,
    added: HandshakeAddition & Pick<Refused, 'isShort' | 'cause'> = {},
  ): void {
    const { stage, event } = handshake
    const code = recordFailure(error, event, stage, log)
    stage.connects.failed.value++
    const { status, cause } = errorTable[code]
    // Of what is the gateway's or a backend's fault the log has the cause already.
    noteHandshake(handshake, { code, status, cause: added.cause ?? cause }, status >= 500)
    const { connectionId } = event.record
    answer(
      handshake,
      added.isShort
        ? shortAnswer(code, added.detail ?? null)
        : handshakeEnvelope(code, connectionId, event.requestId, { ...retrySoon(code), ...added }),
    )
  }

  /** The backend says no. */
  function refuse(handshake: Handshake, refusal: HttpAnswer): void {
    handshake.stage.connects.refused.value++
    const { status } = refusal
    noteHandshake(handshake, { code: 'BACKEND', status, cause: `The backend of $connect answered ${status}.` })
    answer(handshake, refusal)
  }

  /** The request itself can't be read any more where a step has waited. */
  function noteHandshake(
    { upgrade, connection }: Handshake,
    refusal: Pick<Refusal, 'code' | 'status' | 'cause'>,
    isLogged = false,
  ): void {
    const { domainName, sourceIp } = connection
    refusals.note({ ...refusal, host: domainName, path: upgrade.request.path, sourceIp }, isLogged)
  }

  function answer({ upgrade, stage, connection, event, admitted }: Handshake, refusal: HttpAnswer): void {
    release(connection)
    send(upgrade, refusal)
    stage.accessLog?.(event)
    if (admitted) lost(connection)
  }

  function settle(handshake: Handshake): void {
    handshake.connection.source?.answered()
    handshake.preparation?.release()
    if (!handshake.waited) return
    work.end()
    handshake.connection.slot.leave()
  }
}

/** The word that another try may help, where the next seconds bring what is missing. */
function retrySoon(code: ErrorCode): HandshakeAddition {
  return code === 'TEMPLATE_TIME_EXCEEDED' ? { headers: [['Retry-After', '1']] } : {}
}

/** The domain name under a proxy's path: `ws.example.com/gateway/chat` of `/gateway` and `ws.example.com/chat`. */
function behind(prefix: string, domainName: string): string {
  const slash = domainName.indexOf('/')
  return slash < 0 ? domainName + prefix : domainName.slice(0, slash) + prefix + domainName.slice(slash)
}

function send(upgrade: Upgrade<Connection>, { status, headers, body }: HttpAnswer): void {
  upgrade.refuse(status, headers, body)
}
