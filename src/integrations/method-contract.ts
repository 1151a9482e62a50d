import type { MethodEvent } from '../events/method-event.ts'
import type { FunctionScope } from '../functions/contract.ts'
import type { FaultyIntegration, IntegrationResult } from './contract.ts'

/** An integration of an HTTP API as the definition spells it (`Integration` of apigatewayv2); stage variables not yet replaced. */
export interface MethodIntegrationDefinition {
  integrationType: 'HTTP_PROXY' | 'AWS_PROXY'
  /** The method of requests to an HTTP backend, `ANY` for the client's own; POST or nothing for functions. */
  integrationMethod?: 'ANY' | 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD' | 'OPTIONS' | undefined
  integrationUri: string
  /** The format of a function's event and of its answer; `1.0` of HTTP backends, where it says nothing. */
  payloadFormatVersion: '1.0' | '2.0'
  timeoutInMillis: number
  /** `append:`, `overwrite:` or `remove:` with `header.<name>`, `querystring.<name>` or `path`, and what is put there. */
  requestParameters?: Record<string, string> | undefined
  /** The same for the answer, by its status: `header.<name>` and `statuscode`. */
  responseParameters?: Record<string, Record<string, string>> | undefined
}

/** The stage in which an integration is compiled: all that compiling may look at beside the definition. */
export interface MethodScope extends FunctionScope {
  /** The account in events and ARNs. */
  readonly accountId: string
}

/**
 * A backend behind routes of an HTTP API, made once at load and shared by all calls. `invoke` returns a plain value when
 * nothing had to be awaited. It throws or rejects with a `GatewayError` and nothing else, within `timeoutInMillis`, and
 * sets the event's report where it called a backend.
 */
export interface MethodIntegration {
  invoke(event: MethodEvent): IntegrationResult | Promise<IntegrationResult>
  /** Gives back what `open` took: pools, workers. Calls in flight end by themselves. Safe to call twice. */
  close(): void
}

/** An integration of one stage, compiled without a fault. Nothing is held yet that would have to be given back. */
export interface CompiledMethodIntegration {
  readonly faults: null
  open(): MethodIntegration
}

/** A kind of integration of HTTP APIs: one file, one line in app's list. */
export interface MethodIntegrationType {
  readonly type: MethodIntegrationDefinition['integrationType']
  /**
   * Compiles a definition for one stage. Never throws for a definition that `config/` lets pass, and has no side
   * effects: what was compiled may be thrown away, as `postern check` does, and is opened when a stage is served.
   */
  compile(definition: MethodIntegrationDefinition, scope: MethodScope): CompiledMethodIntegration | FaultyIntegration
}
