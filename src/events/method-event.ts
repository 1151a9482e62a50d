import type { ConnectionIdentity } from '../vocabulary/connection.ts'
import type { HeaderList } from '../vocabulary/headers.ts'
import { decodedQuery } from '../vocabulary/query-pairs.ts'
import type { ContextSource } from './context-source.ts'
import { EventBase } from './event-base.ts'
import type { IntegrationReport, ReportedEvent } from './integration-report.ts'

/** The facts about a request that are known when it comes; a copy, which may be kept. */
export interface MethodArrival {
  readonly apiId: string
  /** The name of the stage, `$default` for that one. */
  readonly stage: string
  /** The authority that the client used, with `/apiId` behind it where the path named the API. */
  readonly domainName: string
  /** The method in upper case. */
  readonly method: string
  /** The path below the stage, as it came: not decoded, `/` for none. */
  readonly path: string
  /** The query as it came, without its `?`; empty for none. */
  readonly rawQuery: string
  /**
   * The headers in their order and spelling, with the gateway's own among them: X-Amzn-Trace-Id, X-Forwarded-For,
   * X-Forwarded-Port and X-Forwarded-Proto; without those that are of the connection only.
   */
  readonly headers: HeaderList
  /** The client's address, as trusted proxies tell of it. */
  readonly sourceIp: string
  /** The User-Agent; null for none. */
  readonly userAgent: string | null
  readonly requestTimeEpoch: number
  /** The members of the identity that the client's certificate tells; null where it has shown none. */
  readonly certificate?: ConnectionIdentity | null
  /** The client's own trace id; null for none. */
  readonly traceId: string | null
}

/** The route that a request was found to be for. */
export interface FoundRoute {
  /** The key as the definition has it, `GET /pets/{id}` or `$default`; empty where nothing was found. */
  readonly routeKey: string
  /** The values of the variables of its path, as they came; null where the route has none. */
  readonly pathParameters: Readonly<Record<string, string>> | null
}

/** The caller of a method as an authorizer knows it. */
export interface MethodCaller {
  /** The kind of authorizer that has let the caller in. */
  readonly kind: 'jwt' | 'lambda' | 'iam'
  /** All that is text: claims, or the context of a function; null for none. */
  readonly context: Readonly<Record<string, string>> | null
  /** The context of a function as it came, with its types; null for none. */
  readonly nestedContext: Readonly<Record<string, unknown>> | null
  /** All scopes of the token, where the route asks for some; null where it does not. */
  readonly scopes: readonly string[] | null
  readonly identity: ConnectionIdentity | null
}

/** A request for a route of an HTTP API, from when its route is known to the end of the answer. */
export class MethodEvent extends EventBase implements ReportedEvent {
  readonly eventType = 'METHOD'
  readonly arrival: MethodArrival
  readonly pathParameters: Readonly<Record<string, string>> | null
  /** The body as it came; null for none, and before it is read. */
  body: Uint8Array | null = null
  /** The caller; null where nobody was asked, and before an authorizer has said who it is. */
  caller: MethodCaller | null = null
  integration: IntegrationReport | null = null
  /** The call of the function that decides about callers; null where none was asked. */
  authorization: IntegrationReport | null = null
  /** Bytes of the answer's body; null before it is given. */
  responseLength: number | null = null
  /** Milliseconds from the request to the answer; null before it is given. */
  responseLatency: number | null = null
  #query: HeaderList | null = null

  constructor(arrival: MethodArrival, { routeKey, pathParameters }: FoundRoute) {
    super(routeKey, arrival.requestTimeEpoch, arrival.traceId)
    this.arrival = arrival
    this.pathParameters = pathParameters
  }

  get apiId(): string {
    return this.arrival.apiId
  }

  get stage(): string {
    return this.arrival.stage
  }

  /** The query's names and values, decoded as a form, in order; made when it is first read. */
  get query(): HeaderList {
    this.#query ??= decodedQuery(this.arrival.rawQuery)
    return this.#query
  }

  /** The members of the identity that are known: those of the certificate, and of the caller. */
  get identity(): ConnectionIdentity | null {
    const { certificate = null } = this.arrival
    const ofCaller = this.caller?.identity ?? null
    return certificate === null || ofCaller === null ? (ofCaller ?? certificate) : { ...certificate, ...ofCaller }
  }

  /** The path as HTTP APIs show it: below the host, with the stage in front unless that is `$default`. */
  get rawPath(): string {
    const { stage, path } = this.arrival
    return stage === '$default' ? path : `/${stage}${path}`
  }
}

export const methodContext: ContextSource<MethodEvent> = {
  connectionId: null,
  connectedAt: null,
  domainName: ({ arrival }) => arrival.domainName,
  sourceIp: ({ arrival }) => arrival.sourceIp,
  userAgent: ({ arrival }) => arrival.userAgent,
  authorizer: ({ caller }) => caller?.context ?? null,
  authorization: ({ authorization }) => authorization,
  identity: ({ identity }) => identity,
  userId: null,
  attributes: null,
  messageId: null,
  disconnectStatusCode: null,
  disconnectReason: null,
  integration: ({ integration }) => integration,
  httpMethod: ({ arrival }) => arrival.method,
  path: (event) => event.rawPath,
  protocol: () => 'HTTP/1.1',
  responseLength: ({ responseLength }) => responseLength,
  responseLatency: ({ responseLatency }) => responseLatency,
}
