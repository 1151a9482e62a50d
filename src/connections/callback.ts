import type { CallerAuthorizer, PromptCallerAuthorizer } from '../authorizers/contract.ts'
import { CallbackEvent } from '../events/callback-event.ts'
import type { TokenBucket } from '../limits/contract.ts'
import type { Log } from '../observability/contract.ts'
import type { ConnectionLookup, Delivery } from '../registry/contract.ts'
import type { HttpExchange, TransportRequest } from '../transport/contract.ts'
import { callbackOperations } from '../vocabulary/callback-operations.ts'
import { GatewayError } from '../vocabulary/errors.ts'
import { maxMessageBytes } from '../vocabulary/frames.ts'
import { cannotBeRebound, hostOf } from '../vocabulary/host.ts'
import { createPipeline } from '../vocabulary/pipeline.ts'
import { CallbackCall, type CallbackTarget } from './callback-call.ts'
import {
  type Callback,
  type CallbackRefusal,
  checkConnectionId,
  checkThrottle,
  judgeCaller,
  obeyPolicy,
  reachConnection,
  refuseLargeBody,
} from './callback-steps.ts'
import { connectionIdOf, routeOf } from './connection-path.ts'

export interface ConnectionsOptions {
  readonly registry: ConnectionLookup & Delivery
  /** The judge of callers; null when nobody is asked (`connectionsAuthorization: NONE`). */
  readonly authorizer: CallerAuthorizer | null
  /** The throttle of all requests of the account; left out for none. */
  readonly requests?: TokenBucket | null
  /** DELETE may choose the close frame with `?code=&reason=`; else its query is ignored, as AWS does. */
  readonly disconnectCodeAndReason: boolean
  /** POST of `application/octet-stream` with `?frame=binary` sends a binary frame; else frames are always text. */
  readonly binaryFrames: boolean
  /** The judge by the policies of APIs; asked where there is one that the authorizer has not weighed. */
  readonly policy: PromptCallerAuthorizer
  /** The address of a caller, as trusted proxies tell of it; asked only where there is an access log. */
  readonly sourceIp: (request: TransportRequest) => string
  readonly log: Log
  readonly now: () => number
}

/** Answers one call whose path goes on behind the stage, wherever that leads. */
export type HandleCallback = (exchange: HttpExchange, target: CallbackTarget) => void

/**
 * The `@connections` API ("Use @connections commands in your backend service"): POST, GET and DELETE of
 * `/@connections/{connectionId}` under any stage of the API that the connection belongs to. What has no such path or
 * method is 404 before anything is read, in the words that AWS has for it; all else goes through the steps, of which
 * the first that refuses answers.
 */
export function createConnectionsHandler(options: ConnectionsOptions): HandleCallback {
  const {
    registry,
    authorizer,
    requests = null,
    disconnectCodeAndReason,
    binaryFrames,
    policy,
    sourceIp,
    log,
    now,
  } = options
  const asksPolicy = authorizer?.weighsPolicy !== true
  const run = createPipeline<Callback, CallbackRefusal>({
    steps: [
      refuseLargeBody,
      ...(authorizer === null ? [] : [judgeCaller(authorizer)]),
      ...(asksPolicy ? [obeyPolicy(policy)] : []),
      ...(requests === null ? [] : [checkThrottle(requests, now)]),
      checkConnectionId,
      reachConnection(registry),
    ],
    ended({ call }, refusal) {
      if (refusal !== null) call.refuse(refusal.code, refusal.detail, refusal.retryAfter)
    },
    failed({ call }, error) {
      if (error instanceof GatewayError) return call.refuse(error.code)
      log.error({ err: error, api: call.stage.apiId }, 'a callback failed')
      call.refuse('INTERNAL_ERROR')
    },
  })

  return function handle(exchange, target) {
    const { request } = exchange
    const operation = operationOf(request.method)
    const id = connectionIdOf(target.rest)
    const count = operation === null ? null : target.stage.callbacks[operation]
    const time = now()
    const event = target.stage.accessLog === null ? null : eventOf(request, target, id, time)
    const call = new CallbackCall(exchange, target, time, count, event)
    if (operation === null || id === null) {
      return call.refuse('NO_SUCH_CALLBACK', ` ${routeOf(target.rest)} for http method ${request.method}.`)
    }
    if (authorizer === null && comesFromOtherPage(request, target)) return call.refuse('ORIGIN_REFUSED')
    const credentials = authorizer === null ? null : authorizer.credentials(request)
    const isGoverned = asksPolicy && target.stage.callbackAccess[operation].policy
    const facts = isGoverned ? policy.credentials(request) : null
    if (operation === 'post') {
      const binary = binaryFrames && asksForBinary(request)
      exchange.readBody(maxMessageBytes, (body) =>
        run({ call, operation, id, credentials, facts, hasBody: true, body, binary, closeQuery: '' }),
      )
    } else {
      const closeQuery = operation === 'delete' && disconnectCodeAndReason ? request.query : ''
      run({ call, operation, id, credentials, facts, hasBody: false, body: null, binary: false, closeQuery })
    }
  }

  function eventOf(request: TransportRequest, target: CallbackTarget, id: string | null, time: number): CallbackEvent {
    return new CallbackEvent({
      apiId: target.stage.apiId,
      stage: target.stage.name,
      method: request.method,
      path: callbackOperations.post[1],
      domainName: target.domainName,
      connectionId: id ?? '',
      sourceIp: sourceIp(request),
      userAgent: request.header('user-agent') || null,
      requestTimeEpoch: time,
    })
  }
}

function operationOf(method: string): Callback['operation'] | null {
  if (method === 'POST') return 'post'
  if (method === 'GET') return 'get'
  return method === 'DELETE' ? 'delete' : null
}

/**
 * Whether a web page sends the request that may not connect to the stage either. Where callers show nothing, a page
 * could otherwise use what its visitor can reach (browsers send such a POST without asking). A page has its own name
 * resolve to here as easily, so that the host that it came from says nothing unless nobody else can have that name.
 */
function comesFromOtherPage(request: TransportRequest, { stage }: CallbackTarget): boolean {
  const origin = request.header('origin')
  if (origin === '') return false
  const header = request.header('host')
  const host = hostOf(header)
  return !stage.allowsOrigin(origin, host !== null && cannotBeRebound(host) ? header : '')
}

/** SDKs send every body as `application/octet-stream`, so that the query must ask too. */
function asksForBinary(request: TransportRequest): boolean {
  if (request.query === '' || new URLSearchParams(request.query).get('frame') !== 'binary') return false
  const [mediaType] = request.header('content-type').split(';', 1)
  return mediaType?.trim().toLowerCase() === 'application/octet-stream'
}
