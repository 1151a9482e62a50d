import type { Refusals } from '../gateway/refusals.ts'
import { shortAnswer } from '../responses/short-answer.ts'
import { type AnyStage, servesHttp, takesWebSockets } from '../stages/any-stage.ts'
import type { Catalog, Target } from '../stages/catalog.ts'
import type { HttpStage } from '../stages/http-stage.ts'
import type { WebSocketStage } from '../stages/websocket-stage.ts'
import type { StreamedExchange, TransportRequest } from '../transport/contract.ts'

export interface HttpOptions {
  readonly catalog: Catalog<AnyStage>
  /** Answers requests to HTTP APIs. */
  readonly methods: (exchange: StreamedExchange, target: Target<HttpStage>) => void
  readonly refusals: Pick<Refusals, 'noteRequest'>
  /** The address of a client, as trusted proxies tell of it; asked where an API takes clients from some networks only. */
  readonly sourceIp: (request: TransportRequest) => string
  /** Answers what is under a stage: `/@connections`, and 404 for all else. */
  readonly connections: (exchange: StreamedExchange, target: Target<WebSocketStage>) => void
}

/**
 * Creates the handler of plain HTTP requests: find the stage, then the callback API, or word that this is a WebSocket.
 */
export function createHttpHandler({ catalog, refusals, sourceIp, methods, connections }: HttpOptions) {
  return function request(exchange: StreamedExchange): void {
    const target = catalog.resolve(exchange.request.header('host'), exchange.request.path)
    if (target?.takesClients && servesHttp(target)) return methods(exchange, target)
    if (target === null || !takesWebSockets(target)) return refuse(exchange, 'STAGE_NOT_FOUND')
    const { admits } = target.stage
    if (admits !== null && !admits(sourceIp(exchange.request))) {
      target.stage.errors('SOURCE_REFUSED').value++
      return refuse(exchange, 'SOURCE_REFUSED')
    }
    if (target.rest === '' || target.rest === '/') {
      return refuse(exchange, target.takesClients ? 'UPGRADE_REQUIRED' : 'STAGE_NOT_FOUND')
    }
    if (!callbackPath.test(target.rest)) refusals.noteRequest(exchange.request, 'NO_SUCH_CALLBACK')
    connections(exchange, target)
  }

  function refuse(exchange: StreamedExchange, code: 'STAGE_NOT_FOUND' | 'SOURCE_REFUSED' | 'UPGRADE_REQUIRED'): void {
    refusals.noteRequest(exchange.request, code)
    const { status, headers, body } = shortAnswer(code)
    exchange.respond(status, headers, body)
  }
}

/** The beginning of what is meant for the callback API, whose own answers are counted there. */
const callbackPath = /^\/{1,2}(?:@|%40)(?:connections|groups|users|batch|reports)/
