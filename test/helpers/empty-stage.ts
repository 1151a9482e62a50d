import { callbackAccess } from '../../src/stages/callback-access.ts'
import type { WebSocketRoute, WebSocketStage } from '../../src/stages/websocket-stage.ts'
import type { ApiKeys } from '../../src/usage/contract.ts'
import { perOperation } from '../../src/vocabulary/callback-operations.ts'

const counter = { value: 0 }

/** A gateway without API keys. */
export const noApiKeys: ApiKeys = { ofStage: () => ({ find: () => null }), hasPlan: () => false }

/** A stage without routes, for tests that put together a gateway from its parts. */
export function emptyStage(members: Partial<WebSocketStage> = {}): WebSocketStage {
  return {
    protocolType: 'WEBSOCKET',
    apiId: 'test',
    name: 'dev',
    stageVariables: {},
    selectRoute: () => null,
    connectRoute: null,
    disconnectRoute: null,
    newConnections: null,
    connectionLimits: null,
    tokens: null,
    routeKeys: [],
    admits: null,
    allowsOrigin: () => true,
    ordered: false,
    compression: false,
    slowConsumer: 'CLOSE',
    badRequestBody: { idMember: 'requestId', details: false },
    maxFrameBytes: 0,
    idleTimeoutInMillis: 0,
    connectionLifetimeInMillis: 0,
    pushed: counter,
    errors: () => counter,
    throttled: () => counter,
    undelivered: () => counter,
    closes: () => counter,
    connects: { accepted: counter, refused: counter, failed: counter, aborted: counter },
    callbacks: perOperation(() => () => {}),
    callbackAccess: callbackAccess('chat', 'dev'),
    accessLog: null,
    close() {},
    ...members,
  }
}

/** A `$connect` route without an integration, an authorizer and limits. */
export function emptyRoute(members: Partial<WebSocketRoute> = {}): WebSocketRoute {
  return {
    routeKey: '$connect',
    integration: null,
    authorizer: null,
    bucket: null,
    duration: { observe() {} },
    integrationErrors: () => counter,
    twoWay: false,
    constant: null,
    validator: null,
    scopes: null,
    refresh: null,
    apiKeys: null,
    required: [],
    begins: null,
    received: counter,
    sent: counter,
    ...members,
  }
}
