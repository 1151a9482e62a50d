import type { ApiDefinition, RouteDefinition } from '../config/api-definition.ts'
import type { BodyValidator } from '../models/contract.ts'
import type { SeriesMaker } from '../observability/contract.ts'
import { createRouteSelector } from '../routing/route-selection.ts'
import type { SelectionExpression } from '../routing/selection-expression.ts'
import { textFrame } from '../vocabulary/frames.ts'
import { compileAllowedOrigins } from './allowed-origins.ts'
import { callbackAccess } from './callback-access.ts'
import { createCallbackCounters } from './callback-counters.ts'
import type { ConnectTerms } from './compile-connect-terms.ts'
import {
  byName,
  type CompiledStage,
  type OpenOptions,
  openRoute,
  openStage,
  type StageLabels,
  type StageParts,
} from './compile-stage.ts'
import type {
  ConnectCounters,
  RequiredApiKey,
  RequiredParameter,
  WebSocketRoute,
  WebSocketStage,
} from './websocket-stage.ts'

/** The parts of an API that its messages meet, the same in every stage. */
export interface MessageParts {
  readonly selection: SelectionExpression
  /** The validators of messages by route key; of the routes that have one. */
  readonly validators: ReadonlyMap<string, BodyValidator>
}

/** Opens one stage of an API with `protocolType: WEBSOCKET`. When that throws, nothing stays open. */
export function openWebSocketStage(
  compiled: CompiledStage,
  messages: MessageParts,
  options: OpenOptions,
): WebSocketStage {
  const parts = openStage(compiled, options)
  try {
    return createStage(compiled, messages, parts, options)
  } catch (error) {
    parts.common.close()
    throw error
  }
}

function createStage(
  compiled: CompiledStage,
  messages: MessageParts,
  parts: StageParts,
  options: OpenOptions,
): WebSocketStage {
  const { definition, labels } = compiled
  const metrics = options.metrics.stage(labels.stage)
  const routes = new Map(
    routesOf(definition).map(([routeKey, route]) => [
      routeKey,
      {
        ...openWebSocketRoute(routeKey, route, compiled, parts, metrics),
        validator: messages.validators.get(routeKey) ?? null,
        apiKeys: route.apiKeyRequired ? requiredKey(compiled, options) : null,
      },
    ]),
  )
  const tokens = routes.get('$connect')?.authorizer?.tokens ?? null
  const refreshKey = tokens?.refreshRouteKey ?? null
  if (refreshKey !== null && !routes.has(refreshKey)) {
    const route = openWebSocketRoute(refreshKey, noTarget, compiled, parts, metrics)
    routes.set(refreshKey, { ...route, validator: null, apiKeys: null, refresh: tokens })
  }
  return {
    ...parts.common,
    protocolType: 'WEBSOCKET',
    routeKeys: [...routes.keys()],
    selectRoute: createRouteSelector(messages.selection, routes),
    connectRoute: routes.get('$connect') ?? null,
    disconnectRoute: routes.get('$disconnect') ?? null,
    newConnections: parts.throttles.newConnections,
    connectionLimits: parts.throttles.connectionLimits,
    tokens,
    allowsOrigin: compileAllowedOrigins(definition.allowedOrigins, options.isTrustedOrigin),
    ordered: definition.messageOrdering === 'CONNECTION',
    compression: definition.compression,
    slowConsumer: definition.slowConsumer,
    badRequestBody: {
      idMember: definition.badRequestBodyId === 'MESSAGE_ID' ? 'messageId' : 'requestId',
      details: definition.validationDetails,
    },
    maxFrameBytes: definition.maxFrameBytes,
    idleTimeoutInMillis: definition.idleTimeoutInSeconds * 1000,
    connectionLifetimeInMillis: definition.connectionLifetimeInSeconds * 1000,
    pushed: metrics.counter('postern_messages_total', { ...labels, route: '@connections', direction: 'out' }),
    undelivered: byName((reason) => metrics.counter('postern_undelivered_messages_total', { ...labels, reason })),
    closes: byName((reason) => metrics.counter('postern_closes_total', { ...labels, reason })),
    connects: connectCounters(metrics, labels),
    callbacks: createCallbackCounters(options.metrics.api, labels.api),
    callbackAccess: callbackAccess(labels.api, labels.stage, compiled.policy),
  }
}

/** The routes by their keys. An API with a policy always has `$connect`, where it is asked. */
function routesOf({ routes, policy }: ApiDefinition): [string, RouteDefinition][] {
  const declared = Object.entries(routes)
  return policy === undefined || routes.$connect !== undefined ? declared : [...declared, ['$connect', noTarget]]
}

/** A route with nothing behind it: that of messages with new tokens, which is two-way, or `$connect`. */
const noTarget: RouteDefinition = {
  routeResponse: true,
  authorizationType: 'NONE',
  authorizationScopes: [],
  apiKeyRequired: false,
}

function openWebSocketRoute(
  routeKey: string,
  definition: RouteDefinition,
  compiled: CompiledStage,
  parts: StageParts,
  metrics: SeriesMaker,
): Omit<WebSocketRoute, 'validator' | 'apiKeys'> {
  const route = openRoute(routeKey, definition, compiled, parts, metrics)
  const reserved = routeKey === '$connect' || routeKey === '$disconnect'
  // AWS documents the expression; creating the route response alone has been seen to be enough. Either will do.
  const twoWay = !reserved && (definition.routeResponse || definition.routeResponseSelectionExpression === '$default')
  const constant = route.integration?.constant ?? null
  const series = { ...compiled.labels, route: routeKey }
  return {
    ...route,
    twoWay,
    constant: constant === null || reserved ? null : { reply: twoWay ? bytesOf(constant.body) : null },
    scopes: reserved || definition.authorizationScopes.length === 0 ? null : definition.authorizationScopes,
    refresh: null,
    required: Object.entries(definition.requestParameters ?? {}).flatMap(([parameter, { required }]) =>
      required ? [requiredParameter(parameter)] : [],
    ),
    begins: routeKey === '$connect' && hasTerms(compiled.connectTerms) ? compiled.connectTerms : null,
    received: metrics.counter('postern_messages_total', { ...series, direction: 'in' }),
    sent: metrics.counter('postern_messages_total', { ...series, direction: 'out' }),
  }
}

function hasTerms({ user, groups }: ConnectTerms): boolean {
  return user !== null || groups.length > 0
}

function requiredKey({ definition, labels }: CompiledStage, { apiKeys }: OpenOptions): RequiredApiKey {
  const fromHeader = definition.apiKeySelectionExpression === '$request.header.x-api-key'
  return { source: fromHeader ? 'HEADER' : 'AUTHORIZER', ...apiKeys.ofStage(labels.api, labels.stage) }
}

function connectCounters(metrics: SeriesMaker, labels: StageLabels): ConnectCounters {
  const counter = (outcome: keyof ConnectCounters) => metrics.counter('postern_connects_total', { ...labels, outcome })
  return {
    accepted: counter('accepted'),
    refused: counter('refused'),
    failed: counter('failed'),
    aborted: counter('aborted'),
  }
}

function bytesOf(body: string | Uint8Array): Uint8Array {
  const text = textFrame(body)
  return typeof text === 'string' ? Buffer.from(text) : text
}

/** Reads `route.request.header.X` or `route.request.querystring.X`; the schema lets nothing else pass. */
function requiredParameter(parameter: string): RequiredParameter {
  const [, , place, ...name] = parameter.split('.')
  return { place: place === 'header' ? 'header' : 'querystring', name: name.join('.') }
}
