import { ConnectEvent } from '../events/connect-event.ts'
import type { IntegrationResult } from '../integrations/contract.ts'
import type { Log } from '../observability/contract.ts'
import type { ConnectionDirectory } from '../registry/contract.ts'
import { handshakeEnvelope } from '../responses/handshake-envelope.ts'
import type { HttpAnswer } from '../responses/http-answer.ts'
import { shortAnswer } from '../responses/short-answer.ts'
import type { Catalog } from '../stages/catalog.ts'
import type { RequiredParameter, WebSocketStage } from '../stages/websocket-stage.ts'
import type { TransportRequest, Upgrade } from '../transport/contract.ts'
import { type ErrorCode, GatewayError } from '../vocabulary/errors.ts'
import { lastHeader } from '../vocabulary/headers.ts'
import { type ClientAddress, copyConnectRequest, decodeQuery } from './connect-request.ts'
import { Connection } from './connection.ts'
import { recordFailure } from './failure.ts'
import { invokeRoute, recordCallFailure, recordResult } from './invoke.ts'
import type { Work } from './work.ts'

export interface ConnectOptions {
  readonly catalog: Catalog<WebSocketStage>
  readonly registry: ConnectionDirectory
  readonly work: Work
  readonly log: Log
  readonly now: () => number
  readonly clientAddress: (request: TransportRequest) => ClientAddress
  /** Takes a place for one more connection; null to take it, or why there is none. */
  readonly reserve: () => ErrorCode | null
  readonly release: () => void
  /** The connection has its socket: from now on it can be found, sent to and ended. */
  readonly opened: (connection: Connection, stage: WebSocketStage) => void
  /** The client left after its backend had said yes: the backend must hear of it. */
  readonly lost: (connection: Connection, stage: WebSocketStage) => void
}

/** A handshake on its way through the checks. */
interface Handshake {
  readonly request: TransportRequest
  readonly stage: WebSocketStage
  readonly connection: Connection
}

/** The checks in AWS's order; each says why the handshake fails, or null. All run before the first await. */
const checks: readonly ((handshake: Handshake) => ErrorCode | null)[] = [
  checkOrigin,
  // The route's authorizer, and then the API key and its usage plan, have their place here.
  checkThrottle,
  checkRequiredParameters,
]

/** What happens to a well-formed handshake: resolve, allocate ids, check, ask `$connect`, answer 101 or the refusal. */
export function createConnectHandler(options: ConnectOptions) {
  const { catalog, registry, work, log, now, clientAddress, reserve, release, opened, lost } = options

  return function connect(upgrade: Upgrade<Connection>): void {
    const { request } = upgrade
    const target = catalog.resolve(request.header('host'), request.path)
    if (target === null || !target.takesClients || (target.rest !== '' && target.rest !== '/'))
      return send(upgrade, shortAnswer('STAGE_NOT_FOUND'))
    const { stage } = target
    const full = reserve()
    if (full !== null) {
      stage.errors(full).value++
      stage.connects.failed.value++
      return send(upgrade, shortAnswer(full))
    }
    const client = clientAddress(request)
    const connection = new Connection({
      connectionId: registry.allocateId(),
      slot: target.slot,
      connectedAt: now(),
      sourceIp: client.sourceIp,
      userAgent: request.header('user-agent') || null,
      domainName: target.domainName,
    })
    const trace = request.header('x-amzn-trace-id') || null
    const event = new ConnectEvent(connection, connection.connectedAt, trace)
    const handshake: Handshake = { request, stage, connection }
    for (const check of checks) {
      const code = check(handshake)
      if (code !== null) return fail(upgrade, stage, event, new GatewayError(code))
    }
    if (stage.connectRoute === null) return accept(upgrade, stage, connection, event, null)
    event.request = copyConnectRequest(request, client, event.traceId)
    ask(upgrade, stage, connection, event)
  }

  function ask(upgrade: Upgrade<Connection>, stage: WebSocketStage, connection: Connection, event: ConnectEvent): void {
    const route = stage.connectRoute as NonNullable<WebSocketStage['connectRoute']>
    route.received.value++
    let result: IntegrationResult | Promise<IntegrationResult>
    try {
      result = invokeRoute(route, event)
    } catch (error) {
      return failed(error)
    }
    if (!(result instanceof Promise)) return answered(result)
    work.begin()
    result.then(answered, failed).finally(work.end)

    function answered(value: IntegrationResult): void {
      recordResult(route, event, value)
      answer(upgrade, stage, connection, event, value)
    }
    function failed(error: unknown): void {
      recordCallFailure(route, event, error)
      fail(upgrade, stage, event, error)
    }
  }

  function answer(
    upgrade: Upgrade<Connection>,
    stage: WebSocketStage,
    connection: Connection,
    event: ConnectEvent,
    result: IntegrationResult,
  ): void {
    if (result.status >= 200 && result.status < 300) {
      return accept(upgrade, stage, connection, event, lastHeader(result.headers, 'sec-websocket-protocol') ?? null)
    }
    stage.connects.refused.value++
    refuse(upgrade, stage, event, { status: result.status, headers: result.headers, body: result.body })
  }

  function accept(
    upgrade: Upgrade<Connection>,
    stage: WebSocketStage,
    connection: Connection,
    event: ConnectEvent,
    protocol: string | null,
  ): void {
    connection.socket = upgrade.accept(connection, { protocol, compression: stage.compression })
    if (connection.socket === null) {
      release()
      stage.connects.aborted.value++
      stage.accessLog?.(event)
      if (stage.connectRoute !== null) lost(connection, stage)
      return
    }
    event.status = 200
    stage.connects.accepted.value++
    opened(connection, stage)
    stage.accessLog?.(event)
  }

  function fail(upgrade: Upgrade<Connection>, stage: WebSocketStage, event: ConnectEvent, error: unknown): void {
    const code = recordFailure(error, event, stage, log)
    stage.connects.failed.value++
    refuse(upgrade, stage, event, handshakeEnvelope(code, event.record.connectionId, event.requestId))
  }

  function refuse(upgrade: Upgrade<Connection>, stage: WebSocketStage, event: ConnectEvent, answer: HttpAnswer): void {
    release()
    send(upgrade, answer)
    stage.accessLog?.(event)
  }
}

function send(upgrade: Upgrade<Connection>, { status, headers, body }: HttpAnswer): void {
  upgrade.refuse(status, headers, body)
}

function checkOrigin({ request, stage }: Handshake): ErrorCode | null {
  const origin = request.header('origin')
  return origin === '' || stage.allowsOrigin(origin, request.header('host')) ? null : 'ORIGIN_REFUSED'
}

function checkThrottle({ stage, connection }: Handshake): ErrorCode | null {
  const bucket = stage.connectRoute?.bucket ?? null
  return bucket === null || bucket.take(connection.connectedAt) ? null : 'TOO_MANY_REQUESTS'
}

function checkRequiredParameters({ request, stage }: Handshake): ErrorCode | null {
  const required = stage.connectRoute?.required ?? []
  if (required.length === 0) return null
  const query = new Set(decodeQuery(request.query).map(([name]) => name))
  return required.every((parameter) => isPresent(parameter, request, query)) ? null : 'MISSING_PARAMETER'
}

function isPresent({ place, name }: RequiredParameter, request: TransportRequest, query: ReadonlySet<string>): boolean {
  return place === 'header' ? request.header(name.toLowerCase()) !== '' : query.has(name)
}
