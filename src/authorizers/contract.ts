import type { ConnectEvent, ConnectRequest } from '../events/connect-event.ts'
import type { IntegrationReport } from '../events/integration-report.ts'
import type { FunctionScope } from '../functions/contract.ts'
import type { Policy } from '../policies/policy.ts'
import type { TransportRequest } from '../transport/contract.ts'
import type { ConnectionIdentity } from '../vocabulary/connection.ts'
import type { ErrorCode } from '../vocabulary/errors.ts'
import type { HeaderList } from '../vocabulary/headers.ts'

/**
 * The worth of a caller's credentials: `missing` when there are none of a kind that is understood, `refused` when they
 * are not valid, or the refusal in its own words.
 */
export type CallerVerdict = 'allowed' | 'missing' | 'refused' | CallerRefusal

/** A row of the error table as the answer; `detail` stands behind its message. */
export interface CallerRefusal {
  readonly code: ErrorCode
  readonly detail?: string
}

/** The thing that a caller asks for, as policies name it. Made once at load where it can be. */
export interface CallerAccess {
  /** The service of the action and the ARN, and that which a signature is for. */
  readonly service: 'execute-api' | 'apigateway'
  /** The action behind the service: `ManageConnections`. */
  readonly permission: string
  /** The last part of the ARN: `chat/dev/POST/@connections/{connectionId}`, with these braces. */
  readonly resource: string
  /** The policy of the API that it belongs to; absent for none. */
  readonly policy?: Policy | null
}

/**
 * Decides who may call `@connections` or the management port, in two parts: a request can be read in the synchronous
 * part of its handler only, while a signature (Signature Version 4) covers the body, which comes later. One file an
 * implementation, one line in app's list.
 */
export interface CallerAuthorizer<Credentials = unknown> {
  /** Whether the verdict depends on the body; it is then read before the caller is judged, wherever one is used. */
  readonly readsBody: boolean
  /** Whether the verdict takes the policy of what is asked for into account; absent where that has to be asked as well. */
  readonly weighsPolicy?: true
  /** Copies what `judge` has to know of a request. Must be called before the first await. Never throws. */
  credentials(request: TransportRequest): Credentials
  /**
   * Judges a caller by its credentials and the body that came with them, null where none was read. A plain value when
   * nothing had to be asked for. Never throws, never rejects: who can't be judged is refused.
   */
  judge(credentials: Credentials, body: Uint8Array | null, access: CallerAccess): CallerVerdict | Promise<CallerVerdict>
}

/** An authorizer of callers that needs nobody else for its verdict. */
export interface PromptCallerAuthorizer<Credentials = unknown> extends CallerAuthorizer<Credentials> {
  judge(credentials: Credentials, body: Uint8Array | null, access: CallerAccess): CallerVerdict
}

/** Bearer tokens (RFC 6750 §2.1), several valid at once so that they can be rotated. */
export interface TokenVerifier extends PromptCallerAuthorizer<string> {
  /** Judges by the Authorization header as it came, empty when there is none. */
  judge(authorization: string): CallerVerdict
  /** Puts other tokens in place of all; takes effect with the next call. */
  replace(tokens: readonly string[]): void
}

/** A client that an authorizer lets in, with what it says of the client. */
export interface Admitted {
  readonly allowed: true
  /** `principalId` and the authorizer's context, part of every event of the client; null for none. */
  readonly context: Readonly<Record<string, string>> | null
  /** The authorizer's context as it came, for events that keep its types (format 2.0); absent where all is text. */
  readonly nestedContext?: Readonly<Record<string, unknown>> | null
  /** The members of `$context.identity` that the credentials tell; absent for none. */
  readonly identity?: ConnectionIdentity | null
  /** The value of the API key that the client counts under, where the authorizer gives one; absent for none. */
  readonly usageIdentifierKey?: string | null
  /** The token that the client has shown; absent for none. */
  readonly token?: ConnectionToken | null
  /** The key that the client has signed with; absent for none. */
  readonly key?: ClientKey | null
  /** The subprotocol to agree on, unless the backend chooses one; absent for none. */
  readonly protocol?: string | null
}

/** A key of the settings that let a client in. */
export interface ClientKey {
  /** Whether it is gone: removed, switched off, or another secret now. It is so for ever. */
  readonly isRevoked: boolean
}

/** The facts about a client's token that are needed after the handshake. */
export interface ConnectionToken {
  /** The subject of the token together with its issuer, as one text that no other subject has; null where it has none. */
  readonly subject: string | null
  /** The token's own id (`jti`); null where it has none. */
  readonly id: string | null
  /** The end of the token, in milliseconds since 1970; null for never. */
  readonly expiresAt: number | null
  readonly scopes: readonly string[]
}

/** The refusal of a client; its answer is that row of the error table. */
export interface Refused {
  readonly allowed: false
  readonly code: ErrorCode
  /** Stands behind the row's message, for the client to see; absent for nothing. */
  readonly detail?: string
  /** The reason for the log and the operator, without anything secret; absent for what the row says. */
  readonly cause?: string
  /** Headers of the answer beside the gateway's own, such as `WWW-Authenticate`; absent for none. */
  readonly headers?: HeaderList
  /** Whether the answer is that of a request without a connection id, as AWS has it for signatures; absent for no. */
  readonly isShort?: true
}

/** The verdict of an authorizer on a client. */
export type AuthorizerResult = Admitted | Refused

/**
 * The authorizer of a route, made once at load: decides who connects. A plain value when nothing had to be awaited.
 * It throws or rejects with a `GatewayError` and nothing else; the client is then answered that error.
 */
export interface RouteAuthorizer {
  /** `request` may be read at any time, also after an await. */
  authorize(event: ConnectEvent, request: HandshakeRequest): AuthorizerResult | Promise<AuthorizerResult>
  /** Takes credentials out of what backends are to see of a handshake; absent where they see all. */
  conceal?(request: ConnectRequest): ConnectRequest
  /** The part that tokens have in the life of a connection; absent for none. */
  readonly tokens?: TokenLife
}

/** A request for a method of a REST API or a route of an HTTP API, copied: an authorizer may read it at any time. */
export interface MethodRequest {
  readonly requestId: string
  readonly traceId: string
  readonly method: string
  /** The path below the stage, as it came: `/pets/7`. */
  readonly path: string
  /** The path of the resource that was found, `/pets/{id}`; for HTTP APIs the key of the route, `GET /pets/{id}`. */
  readonly resource: string
  /** The headers in their order and spelling. */
  readonly headers: HeaderList
  /** The query's names and values, decoded, in order. */
  readonly query: HeaderList
  /** The query as it came, without its `?`. */
  readonly rawQuery: string
  readonly pathParameters: Readonly<Record<string, string>>
  readonly stageVariables: Readonly<Record<string, string>>
  /** The `requestContext` of events, JSON. */
  readonly requestContext: Readonly<Record<string, unknown>>
  /** The client, as conditions of policies know it. */
  readonly client: RequestClient
  /** The value of a variable of `$context`, such as `identity.sourceIp`; null for one that is not set. */
  contextVariable(name: string): string | null
  /** The report of the call of a function, set by the authorizer; null where none was called for this request. */
  authorization: IntegrationReport | null
}

/**
 * The authorizer of methods of one stage, made once at load: decides who may call them. What refuses has the code of
 * its reason; the wording of the answer is that of the kind of API. It throws or rejects with a `GatewayError` and
 * nothing else. A plain value when nothing had to be awaited.
 */
export interface MethodAuthorizer {
  authorize(request: MethodRequest): AuthorizerResult | Promise<AuthorizerResult>
  /** Forgets every answer that is remembered, those on their way among them. */
  flush(): void
  /** Gives back what it took. Calls in flight end by themselves. Safe to call twice. */
  close(): void
}

/** The part that its token has in the life of a connection. */
export interface TokenLife {
  /** Whether a connection ends with its token. */
  readonly closesAtExpiry: boolean
  /** Milliseconds before the end of the token in which the client is warned; 0 for never. */
  readonly warningInMillis: number
  /** The route key of messages that bring a new token; null when none may. */
  readonly refreshRouteKey: string | null
  /** Judges a new token; whether it is of the same subject, the caller sees. Never throws, never rejects. */
  judge(token: string): AuthorizerResult | Promise<AuthorizerResult>
}

/** The client's request as an authorizer may read it; neither path nor query is decoded. */
export interface HandshakeRequest
  extends Pick<TransportRequest, 'path' | 'query' | 'header' | 'headers' | 'clientCertificate'> {
  readonly client: RequestClient
  /** The request as a backend of `$connect` is shown it, decoded and with the gateway's own headers. */
  connectRequest(): ConnectRequest
}

/** The client of a request, as trusted proxies tell of it. */
export interface RequestClient {
  readonly sourceIp: string
  /** `https` where the client has come over TLS. */
  readonly proto: string
  /** The path under which a trusted proxy serves the gateway, `/gateway`; empty for none. */
  readonly prefix: string
}

/** An authorizer as the definition spells it (`Authorizer` of apigatewayv2), or IAM, which needs no spelling. */
export type AuthorizerDefinition =
  | LambdaAuthorizerDefinition
  | JwtAuthorizerDefinition
  | CognitoAuthorizerDefinition
  | IamAuthorizerDefinition
  | PolicyAuthorizerDefinition

/** A function that decides (`authorizationType: CUSTOM`). */
export interface LambdaAuthorizerDefinition {
  authorizerType: 'REQUEST'
  /** A function, in one of the forms of an `integrationUri`, or an HTTP endpoint; stage variables not yet replaced. */
  authorizerUri: string
  /** Sources such as `route.request.header.Authorization`; each must be there and not empty. */
  identitySource: readonly string[]
  timeoutInMillis: number
}

/** The members that every authorizer of tokens has; all but `identitySource` are beyond AWS. */
interface TokenAuthorizerDefinition {
  /** The places that may carry the token; the first that has one counts. */
  identitySource: readonly string[]
  tokenExpiry: 'IGNORE' | 'CLOSE'
  tokenExpiryWarningInSeconds: number
  tokenRefreshRouteKey?: string | undefined
}

/** Tokens of an issuer (`authorizationType: JWT`). */
export interface JwtAuthorizerDefinition extends TokenAuthorizerDefinition {
  authorizerType: 'JWT'
  jwtConfiguration: {
    issuer: string
    audience: readonly string[]
    /** The place of the keys: one of these four, or the issuer's own by discovery. */
    jwksUri?: string | undefined
    jwks?: { keys: readonly Readonly<Record<string, unknown>>[] } | undefined
    jwksFile?: string | undefined
    secretName?: string | undefined
    algorithms?: readonly string[] | undefined
    clockToleranceInSeconds: number
  }
}

/** Tokens of user pools of Amazon Cognito (`authorizationType: COGNITO_USER_POOLS`). */
export interface CognitoAuthorizerDefinition extends TokenAuthorizerDefinition {
  authorizerType: 'COGNITO_USER_POOLS'
  providerARNs: readonly string[]
  identityValidationExpression?: string | undefined
  /** Keys in place of those of the pools. */
  jwks?: { keys: readonly Readonly<Record<string, unknown>>[] } | undefined
  jwksFile?: string | undefined
}

/** Signatures by keys of the settings (`authorizationType: AWS_IAM`). */
export interface IamAuthorizerDefinition {
  authorizerType: 'AWS_IAM'
}

/** The policy of the API as the only one who decides (`authorizationType: NONE`). */
export interface PolicyAuthorizerDefinition {
  authorizerType: 'NONE'
}

/** The stage that an authorizer is of. */
export interface AuthorizerScope extends FunctionScope {
  /** The policy of the API, which decides together with the authorizer; absent for none. */
  readonly policy?: Policy | null
}

/** A route that asks an authorizer. */
export interface AuthorizedRoute {
  readonly routeKey: string
  /** The scopes of which a token needs one; empty for any token. */
  readonly authorizationScopes: readonly string[]
}

/** An authorizer of one stage, opened. */
export interface OpenAuthorizer {
  /** Makes the authorizer of one route. */
  forRoute(route: AuthorizedRoute): RouteAuthorizer
  /** Gives back what `open` took. Calls in flight end by themselves. Safe to call twice. */
  close(): void
}

/** A fault of an authorizer's definition: the path below it and one sentence that names what is allowed. */
export interface AuthorizerFault {
  readonly path: readonly (string | number)[]
  readonly message: string
}

/** An authorizer of one stage, compiled without a fault; nothing is held yet that would have to be given back. */
export interface CompiledAuthorizer {
  readonly faults: null
  open(): OpenAuthorizer
}

/** A kind of authorizer: one file, one line in app's list. */
export interface AuthorizerType {
  readonly type: AuthorizerDefinition['authorizerType']
  /**
   * Compiles a definition for one stage. Never throws for a definition that `config/` lets pass, and has no side
   * effects: what was compiled may be thrown away, as `postern check` does, and is opened when a stage is served.
   */
  compile(
    definition: AuthorizerDefinition,
    scope: AuthorizerScope,
  ): CompiledAuthorizer | { readonly faults: readonly AuthorizerFault[] }
}
