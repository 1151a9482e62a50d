import type { Log } from '../observability/contract.ts'
import type { ConnectionLookup, ConnectionUsers, Delivery } from '../registry/contract.ts'
import type { HttpExchange } from '../transport/contract.ts'
import { maxAudienceNameBytes } from '../vocabulary/audience-name.ts'
import { maxAttributesBytes } from '../vocabulary/connection-user.ts'
import { maxMessageBytes } from '../vocabulary/frames.ts'
import { asksForBinary } from './asks-for-binary.ts'
import { createCallPipeline } from './call-pipeline.ts'
import type { CallbackTarget } from './callback-call.ts'
import { type Callback, checkConnectionId, reachConnection } from './callback-steps.ts'
import { attributesIdOf, connectionIdOf, routeOf } from './connection-path.ts'
import type { Entrance } from './entrance.ts'

export interface ConnectionsOptions {
  readonly registry: ConnectionLookup & Delivery & ConnectionUsers
  readonly entrance: Entrance
  /** DELETE may choose the close frame with `?code=&reason=`; else its query is ignored, as AWS does. */
  readonly disconnectCodeAndReason: boolean
  /** POST of `application/octet-stream` with `?frame=binary` sends a binary frame; else frames are always text. */
  readonly binaryFrames: boolean
  readonly log: Log
}

/** Bytes of the longest change of a user: each byte of a text may take six characters, `\u001f`. */
const maxUserChangeBytes = 6 * (maxAudienceNameBytes + maxAttributesBytes) + 2_048

/** Answers one call whose path goes on behind the stage, wherever that leads. */
export type HandleCallback = (exchange: HttpExchange, target: CallbackTarget) => void

/**
 * The `@connections` API ("Use @connections commands in your backend service"): POST, GET and DELETE of
 * `/@connections/{connectionId}` under any stage of the API that the connection belongs to, and PUT of its `attributes`,
 * which is beyond AWS. What has no such path or
 * method is 404 before anything is read, in the words that AWS has for it; all else goes through the steps, of which
 * the first that refuses answers.
 */
export function createConnectionsHandler(options: ConnectionsOptions): HandleCallback {
  const { registry, entrance, disconnectCodeAndReason, binaryFrames, log } = options
  const run = createCallPipeline<Callback>({
    steps: [...entrance.steps, checkConnectionId, entrance.claim, reachConnection(registry)],
    failure: 'a callback failed',
    log,
  })

  return function handle(exchange, target) {
    const { request } = exchange
    const operation = operationOf(request.method, target.rest)
    const id = operation === 'putAttributes' ? attributesIdOf(target.rest) : connectionIdOf(target.rest)
    if (operation === null || id === null) {
      const detail = ` ${routeOf(target.rest)} for http method ${request.method}.`
      return entrance.stray(exchange, target).refuse('NO_SUCH_CALLBACK', detail)
    }
    const arrival = entrance.arrive(exchange, target, operation, id)
    if (arrival === null) return
    const { call, credentials, facts, once } = arrival
    if (operation === 'post' || operation === 'putAttributes') {
      const isPost = operation === 'post'
      const binary = isPost && binaryFrames && asksForBinary(request)
      const coalesce = isPost ? coalesceKeyOf(request.query) : null
      const unfit = isPost && request.query !== '' ? unfitOptionOf(request.query) : null
      exchange.readBody(isPost ? maxMessageBytes : maxUserChangeBytes, (body) =>
        run({
          call,
          operation,
          id,
          credentials,
          facts,
          once,
          hasBody: true,
          body,
          binary,
          coalesce,
          unfit,
          closeQuery: '',
        }),
      )
    } else {
      const closeQuery = operation === 'delete' && disconnectCodeAndReason ? request.query : ''
      run({
        ...{ call, operation, id, credentials, facts, once, hasBody: false, body: null },
        ...{ binary: false, coalesce: null, unfit: null, closeQuery },
      })
    }
  }
}

/** The first option of messages to many in a query: whoever sets one must not believe that it was obeyed. */
function unfitOptionOf(query: string): string | null {
  const parameters = new URLSearchParams(query)
  return manyOptions.find((name) => parameters.has(name)) ?? null
}

const manyOptions = ['filter', 'except', 'report']

/** The parameter `coalesce` of a POST, which mostly has no query. */
function coalesceKeyOf(query: string): string | null {
  return query.includes('coalesce') ? new URLSearchParams(query).get('coalesce') : null
}

function operationOf(method: string, rest: string): Callback['operation'] | null {
  if (method === 'POST') return 'post'
  if (method === 'GET') return 'get'
  if (method === 'DELETE') return 'delete'
  return method === 'PUT' && attributesIdOf(rest) !== null ? 'putAttributes' : null
}
