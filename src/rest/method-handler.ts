import type { Log } from '../observability/contract.ts'
import type { Target } from '../stages/catalog.ts'
import type { HttpStage } from '../stages/http-stage.ts'
import type { HttpExchange, TransportRequest } from '../transport/contract.ts'
import type { ClientAddress } from '../vocabulary/client-address.ts'
import { createPipeline } from '../vocabulary/pipeline.ts'
import { copyRequest, type ShownCertificate } from './arrival.ts'
import { MethodCall } from './method-call.ts'
import { type MethodEnd, type MethodStepOptions, methodSteps } from './method-steps.ts'

/** Bytes of the largest body of a request: AWS's quota of 10 MB ("Quotas for configuring and running an HTTP API"). */
export const maxBodyBytes = 10 * 1024 * 1024

export interface MethodHandlerOptions extends MethodStepOptions {
  readonly clientAddress: (request: TransportRequest) => ClientAddress
  /** Reads the certificate of a client. */
  readonly certificate: (request: TransportRequest) => ShownCertificate
  readonly log: Log
  readonly now: () => number
}

/** Answers a request to a stage of an HTTP API; within the synchronous part of its handler. */
export type HandleMethod = (exchange: HttpExchange, target: Target<HttpStage>) => void

/**
 * Creates what answers requests to HTTP APIs, in AWS's order: preflight, route, authorizer, throttle, integration, and
 * the headers of CORS on every answer.
 */
export function createMethodHandler(options: MethodHandlerOptions): HandleMethod {
  const { clientAddress, certificate, log, now } = options
  const run = createPipeline<MethodCall, MethodEnd>({
    steps: methodSteps(options),
    ended(call, end) {
      if (end !== null && 'code' in end) call.refuse(end)
      else if (end !== null) call.succeed(end)
    },
    failed: (call, error) => call.fail(error),
  })

  return function handle(exchange, target) {
    const { request } = exchange
    const { stage } = target
    const arrived = copyRequest(request, target, clientAddress(request), certificate(request), now())
    const { method, path } = arrived.arrival
    const preflight = preflightOf(request, stage)
    const found = preflight === null ? stage.routes.find(method, path) : null
    const call = new MethodCall(exchange, target, arrived, found, log)
    const isElsewhere = stage.admits !== null && !stage.admits(arrived.arrival.sourceIp)
    if (isElsewhere) return call.refuse({ code: 'SOURCE_REFUSED' })
    if (preflight !== null) return call.answerPreflight(preflight)
    if (found === null) return call.refuse({ code: 'NO_SUCH_ROUTE' })
    if (!hasBody(request)) return run(call)
    exchange.readBody(maxBodyBytes, (body) => {
      if (body === null) return call.refuse({ code: 'PAYLOAD_TOO_LARGE' })
      if (body.byteLength > 0) call.event.body = body
      run(call)
    })
  }
}

/** The headers of the answer to a preflight (Fetch Standard, "CORS-preflight request"); null for any other request. */
function preflightOf(request: TransportRequest, { cors }: HttpStage) {
  if (cors === null || request.method !== 'OPTIONS') return null
  const origin = request.header('origin')
  if (origin === '' || request.header('access-control-request-method') === '') return null
  return cors.preflight(origin)
}

/** Whether a body follows (RFC 9112 §6.3). */
function hasBody(request: TransportRequest): boolean {
  const length = request.header('content-length')
  return (length !== '' && length !== '0') || request.header('transfer-encoding') !== ''
}
