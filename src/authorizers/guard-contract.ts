import type { MethodCaller, MethodEvent } from '../events/method-event.ts'
import type { FunctionScope } from '../functions/contract.ts'
import type {
  AuthorizedRoute,
  AuthorizerFault,
  HandshakeRequest,
  IamAuthorizerDefinition,
  JwtAuthorizerDefinition,
  LambdaAuthorizerDefinition,
  Refused,
} from './contract.ts'

/**
 * A request for a route of an HTTP API as its client has sent it, copied: a guard may read it at any time. `path` is the
 * whole one, with the stage, and neither it nor `query` is decoded; headers are those of the client alone.
 */
export interface CalledRequest extends Pick<HandshakeRequest, 'path' | 'query' | 'header' | 'headers' | 'client'> {
  readonly method: string
  /** The body; null for none, and where the guard does not read it. */
  readonly body: Uint8Array | null
}

/** The verdict of a guard: who the caller is, or the refusal, whose wording is that of HTTP APIs. */
export type GuardVerdict = { readonly allowed: true; readonly caller: MethodCaller } | Refused

/**
 * The authorizer of one route of an HTTP API, made once at load. Refusals of a token have the status 401, any other 403. It
 * throws or rejects with a `GatewayError` and nothing else, whose answer is 500. A plain value when nothing had to be
 * awaited.
 */
export interface RouteGuard {
  /** Whether the verdict depends on the body; it is then read before the guard is asked. */
  readonly readsBody: boolean
  /** Sets `event.authorization` where a function was called; leaves `event.caller` to who asks. */
  authorize(event: MethodEvent, request: CalledRequest): GuardVerdict | Promise<GuardVerdict>
}

/** An authorizer of HTTP APIs as the definition spells it (`Authorizer` of apigatewayv2), or IAM, which needs no spelling. */
export type GuardDefinition = LambdaGuardDefinition | JwtGuardDefinition | IamAuthorizerDefinition

/** A function that decides (`authorizationType: CUSTOM`). Its sources are spelled `$request.header.<name>`. */
export interface LambdaGuardDefinition extends LambdaAuthorizerDefinition {
  authorizerPayloadFormatVersion: '1.0' | '2.0'
  /** Whether the function answers `isAuthorized` rather than a policy; format 2.0 only. */
  enableSimpleResponses: boolean
  /** Seconds that an answer is remembered, 0 to 3600; 0 for not at all. */
  authorizerResultTtlInSeconds: number
}

/** Tokens of an issuer (`authorizationType: JWT`), in headers and parameters of the query. */
export type JwtGuardDefinition = Pick<JwtAuthorizerDefinition, 'authorizerType' | 'identitySource' | 'jwtConfiguration'>

/** A guard of one stage, opened. */
export interface OpenGuard {
  /** Makes the guard of one route. */
  forRoute(route: AuthorizedRoute): RouteGuard
  /** Forgets every answer that is remembered, those on their way among them. */
  flush(): void
  /** Gives back what `open` took. Calls in flight end by themselves. Safe to call twice. */
  close(): void
}

/** A guard of one stage, compiled without a fault; nothing is held yet that would have to be given back. */
export interface CompiledGuard {
  readonly faults: null
  open(): OpenGuard
}

/** A kind of guard: one file, one line in app's list. */
export interface GuardType {
  readonly type: GuardDefinition['authorizerType']
  /**
   * Compiles a definition for one stage. Never throws for a definition that `config/` lets pass, and has no side
   * effects: what was compiled may be thrown away, as `postern check` does, and is opened when a stage is served.
   */
  compile(
    definition: GuardDefinition,
    scope: FunctionScope,
  ): CompiledGuard | { readonly faults: readonly AuthorizerFault[] }
}
