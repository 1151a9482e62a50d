import type { AuthorizerResult, Refused } from '../authorizers/contract.ts'
import type { IntegrationResult } from '../integrations/contract.ts'
import type { HttpAnswer } from '../responses/http-answer.ts'
import type { ConnectTerms } from '../stages/compile-connect-terms.ts'
import type { RequiredParameter, WebSocketRoute } from '../stages/websocket-stage.ts'
import { principalUser } from '../vocabulary/connection-user.ts'
import type { ErrorCode } from '../vocabulary/errors.ts'
import { lastHeader } from '../vocabulary/headers.ts'
import type { Step } from '../vocabulary/pipeline.ts'
import { decodedQuery } from '../vocabulary/query-pairs.ts'
import { revokedCode } from '../vocabulary/revoked-code.ts'
import type { Handshake } from './handshake.ts'
import { invokeRoute, recordCallFailure, recordResult } from './invoke.ts'
import { throttledHandshake } from './throttled.ts'

/**
 * The reason why a handshake is not accepted: a code of the error table, alone or with what an authorizer adds to its
 * answer, or the backend's own answer.
 */
export type HandshakeRefusal = ErrorCode | Refused | HttpAnswer

export type HandshakeStep = Step<Handshake, HandshakeRefusal>

/**
 * The steps that a handshake goes through between its connection id and its answer, in AWS's order. A new step is a
 * function here and a line in this list; one that has to wait returns a promise.
 */
export const handshakeSteps: readonly HandshakeStep[] = [
  checkSource,
  checkOrigin,
  authorize,
  checkApiKey,
  checkRevocations,
  checkThrottle,
  checkRequiredParameters,
  askConnectRoute,
]

/**
 * Takes a place among the connections of the client's address, before anything is done that costs more: a socket that
 * nobody has authenticated counts too.
 */
function checkSource({ connection, stage, limits }: Handshake): Refused | null {
  if (limits.sources === null) return null
  const entered = limits.sources.enter(connection.sourceIp, connection.connectedAt)
  if ('cause' in entered) return throttledHandshake(stage, entered.cause, entered.retryAfter)
  connection.source = entered
  return null
}

function checkOrigin(handshake: Handshake): ErrorCode | null {
  const origin = handshake.header('origin')
  return origin === '' || handshake.stage.allowsOrigin(origin, handshake.header('host')) ? null : 'ORIGIN_REFUSED'
}

/** Asks the authorizer of the `$connect` route; what it says of the client is part of every event from then on. */
function authorize(handshake: Handshake): Refused | null | Promise<Refused | null> {
  const authorizer = handshake.stage.connectRoute?.authorizer ?? null
  if (authorizer === null) return null
  const result = authorizer.authorize(handshake.event, handshake)
  return result instanceof Promise ? result.then((late) => admit(handshake, late)) : admit(handshake, result)
}

function admit(handshake: Handshake, result: AuthorizerResult): Refused | null {
  if (!result.allowed) return result
  const { connection } = handshake
  connection.authorizer = result.context
  if (result.identity) connection.identity = { ...connection.identity, ...result.identity }
  connection.userId = principalUser(result.context) ?? result.identity?.user ?? null
  connection.token = result.token ?? null
  connection.key = result.key ?? null
  handshake.protocol = result.protocol ?? null
  handshake.usageIdentifierKey = result.usageIdentifierKey ?? null
  return null
}

/** Finds the API key and asks its limits, where the `$connect` route requires one. */
function checkApiKey(handshake: Handshake): Refused | null {
  const keys = handshake.stage.connectRoute?.apiKeys ?? null
  if (keys === null) return null
  const { connection } = handshake
  const value = keys.source === 'HEADER' ? handshake.header('x-api-key') : (handshake.usageIdentifierKey ?? '')
  const meter = keys.find(value)
  if (meter === null) return { allowed: false, code: 'INVALID_API_KEY' }
  const { connectedAt } = connection
  const code = meter.take('$connect', connectedAt)
  if (code !== null) {
    if (code === 'INVALID_API_KEY') return { allowed: false, code }
    const cause = code === 'QUOTA_EXCEEDED' ? 'quota' : 'plan'
    return throttledHandshake(handshake.stage, cause, meter.retryAfter(code, '$connect', connectedAt))
  }
  connection.usage = meter
  connection.identity = { ...connection.identity, apiKey: value, apiKeyId: meter.apiKeyId }
  return null
}

/** Holds out whoever shows a token, a user or an API key that was revoked, or may have been. */
function checkRevocations({ connection, revocations }: Handshake): ErrorCode | null {
  return revokedCode(revocations.find(connection))
}

/** Counts the handshake on the limits of its route, its stage and the account, in AWS's order: the narrower one first. */
function checkThrottle({ stage, connection: { connectedAt, usage }, limits }: Handshake): Refused | null {
  const route = stage.connectRoute?.bucket ?? null
  if (route !== null && !route.take(connectedAt)) {
    return throttledHandshake(stage, 'route', route.retryAfter(connectedAt))
  }
  if (stage.newConnections !== null && !stage.newConnections.take(connectedAt)) {
    return throttledHandshake(stage, 'stageConnections', stage.newConnections.retryAfter(connectedAt))
  }
  if (limits.newConnections !== null && !limits.newConnections.take(connectedAt)) {
    return throttledHandshake(stage, 'newConnections', limits.newConnections.retryAfter(connectedAt))
  }
  if (limits.requests !== null && !limits.requests.take(connectedAt)) {
    return throttledHandshake(stage, 'account', limits.requests.retryAfter(connectedAt))
  }
  usage?.count(connectedAt)
  return null
}

function checkRequiredParameters(handshake: Handshake): ErrorCode | null {
  const required = handshake.stage.connectRoute?.required ?? []
  if (required.length === 0) return null
  const query = new Set(decodedQuery(handshake.query).map(([name]) => name))
  return required.every((parameter) => isPresent(parameter, handshake, query)) ? null : 'MISSING_PARAMETER'
}

function isPresent({ place, name }: RequiredParameter, handshake: Handshake, query: ReadonlySet<string>): boolean {
  return place === 'header' ? handshake.header(name.toLowerCase()) !== '' : query.has(name)
}

/**
 * Asks the `$connect` route, unless the client has left while a step before had to wait. Its integration is optional
 * ("Manage connected users and client apps: $connect and $disconnect routes"): a route without one only says who may
 * connect, and how often.
 */
function askConnectRoute(handshake: Handshake): HandshakeRefusal | null | Promise<HandshakeRefusal | null> {
  const { stage, upgrade } = handshake
  const route = stage.connectRoute
  if (route === null || upgrade.aborted) return null
  if (route.integration === null) {
    if (route.begins === null) return null
    handshake.fillEvent()
    return begin(handshake, route.begins, noAnswer)
  }
  handshake.fillEvent()
  handshake.asked = true
  return ask(route, handshake)
}

function ask(route: WebSocketRoute, handshake: Handshake): HttpAnswer | null | Promise<HttpAnswer | null> {
  const { event } = handshake
  route.received.value++
  let result: IntegrationResult | Promise<IntegrationResult>
  try {
    result = invokeRoute(route, event)
  } catch (error) {
    return failed(error)
  }
  return result instanceof Promise ? result.then(answered, failed) : answered(result)

  function answered(value: IntegrationResult): HttpAnswer | null | Promise<null> {
    recordResult(route, event, value)
    return outcomeOf(route, handshake, value)
  }
  function failed(error: unknown): never {
    recordCallFailure(route, event, error)
    throw error
  }
}

/** Any status from 200 to 299 lets the client in; every other one is the client's answer, with headers and body. */
function outcomeOf(
  { begins }: WebSocketRoute,
  handshake: Handshake,
  { status, headers, body }: IntegrationResult,
): HttpAnswer | null | Promise<null> {
  if (status < 200 || status >= 300) return { status, headers, body }
  handshake.admitted = true
  handshake.protocol = lastHeader(headers, 'sec-websocket-protocol') ?? handshake.protocol
  return begins === null ? null : begin(handshake, begins, { headers, body })
}

const noAnswer = { headers: [], body: '' }

/**
 * Gives a connection the user, the attributes and the groups that its route says, and waits until others can find those
 * groups here. Throws a `GatewayError` for what may
 * not be one of these.
 */
function begin(
  handshake: Handshake,
  { user, groups }: ConnectTerms,
  answer: Pick<IntegrationResult, 'headers' | 'body'>,
): null | Promise<null> {
  const { connection, event } = handshake
  if (user !== null) {
    const { userId, attributes } = user.read(event, answer)
    if (userId !== undefined) connection.userId = userId
    if (attributes !== undefined) connection.attributes = attributes
  }
  if (groups.length === 0) return null
  const { apiId, stage } = connection
  handshake.joins = groups.map((each) => ({ apiId, stage, kind: 'group', name: each.nameFor(event) }))
  handshake.preparation = handshake.groups.prepare(handshake.joins)
  // Where others can't be told now, the client is let in all the same: who sends from elsewhere is told that it may miss it.
  return handshake.preparation === null ? null : handshake.preparation.ready.then(() => null)
}
