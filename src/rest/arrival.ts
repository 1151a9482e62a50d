import type { CalledRequest } from '../authorizers/guard-contract.ts'
import type { MethodArrival } from '../events/method-event.ts'
import { shownHeaders } from '../events/shown-headers.ts'
import type { Target } from '../stages/catalog.ts'
import type { HttpStage } from '../stages/http-stage.ts'
import type { TransportRequest } from '../transport/contract.ts'
import type { ClientAddress } from '../vocabulary/client-address.ts'
import type { ConnectionIdentity } from '../vocabulary/connection.ts'
import { type HeaderList, readAs } from '../vocabulary/headers.ts'
import { allocateTraceId } from '../vocabulary/ids.ts'

/** Headers of the connection only (RFC 9110 §7.6.1), which neither functions nor backends are shown. */
const ofConnection: ReadonlySet<string> = new Set([
  'connection',
  'expect',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** A request as it came, copied: what the event is made of, and what a guard may read. */
export interface Arrived {
  readonly arrival: MethodArrival
  /** The request for a guard, behind its body. */
  called(body: Uint8Array | null): CalledRequest
}

/** The certificate of a client, as far as events tell of it. */
export interface ShownCertificate {
  /** The members of the identity that it tells; null for none. */
  readonly certificate: ConnectionIdentity | null
  /** A header that is nobody's to see, in lower case; null for none. */
  readonly hiddenHeader: string | null
}

/** Copies a request; within the synchronous part of its handler. */
export function copyRequest(
  request: TransportRequest,
  { stage, domainName, rest }: Target<HttpStage>,
  client: ClientAddress,
  { certificate, hiddenHeader }: ShownCertificate,
  now: number,
): Arrived {
  const { method, path, query } = request
  const sent = request.headers()
  const headers = hiddenHeader === null ? sent : sent.filter(([name]) => name.toLowerCase() !== hiddenHeader)
  const traceId = request.header('x-amzn-trace-id') || allocateTraceId(now)
  const arrival: MethodArrival = {
    apiId: stage.apiId,
    stage: stage.name,
    domainName,
    method,
    path: rest === '' ? '/' : rest,
    rawQuery: query,
    headers: shownHeaders(headers, client, traceId, namesOfConnection(request, headers)),
    sourceIp: client.sourceIp,
    userAgent: request.header('user-agent') || null,
    requestTimeEpoch: now,
    traceId,
    certificate,
  }
  return {
    arrival,
    called: (body) => ({
      ...{ method, path, query, body, client },
      header: (lowerCaseName) => firstHeader(headers, lowerCaseName),
      headers: () => headers,
    }),
  }
}

/**
 * The names of headers that are of the connection: the usual ones, and those that `Connection` names. What the gateway
 * itself adds is not among them, so that nobody can have that taken away.
 */
function namesOfConnection(request: TransportRequest, headers: HeaderList): ReadonlySet<string> {
  const usual = request.header('connection')
  if (usual === '' || usual === 'keep-alive' || usual === 'close') return ofConnection
  const values = headers.filter(([name]) => name.toLowerCase() === 'connection').map(([, value]) => value)
  return new Set([...ofConnection, ...values.flatMap((value) => value.split(',').map((each) => readAs(each.trim())))])
}

function firstHeader(headers: HeaderList, lowerCaseName: string): string {
  return headers.find(([name]) => name.toLowerCase() === lowerCaseName)?.[1] ?? ''
}
