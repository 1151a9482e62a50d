import type { ConnectionEvent } from '../events/event.ts'
import type { FunctionScope } from '../functions/contract.ts'
import type { HeaderList } from '../vocabulary/headers.ts'

/** The answer of a backend after response mapping. A proxy's body is passed on as it came. */
export interface IntegrationResult {
  readonly status: number
  readonly headers: HeaderList
  /**
   * The answer's body, empty for none. Bytes are what the backend sent and may be any; text frames are made of them at
   * the edge.
   */
  readonly body: string | Uint8Array
}

/**
 * A backend behind a route, made once at load and shared by all calls. `invoke` returns a plain value when nothing
 * had to be awaited. It throws or rejects with a `GatewayError` and nothing else, within `timeoutInMillis`, and
 * sets the event's report where it called a backend.
 */
export interface Integration {
  /** The result, when every call would give this same one: the message path then asks nothing. Else null. */
  readonly constant: IntegrationResult | null
  invoke(event: ConnectionEvent): IntegrationResult | Promise<IntegrationResult>
  /** Gives back what `open` took: pools, workers. Calls in flight end by themselves. Safe to call twice. */
  close(): void
}

/** An integration response of the definition (`IntegrationResponse` of apigatewayv2). */
export interface IntegrationResponseDefinition {
  responseTemplates?: Record<string, string> | undefined
  templateSelectionExpression?: string | undefined
  contentHandlingStrategy?: 'CONVERT_TO_BINARY' | 'CONVERT_TO_TEXT' | undefined
  responseParameters?: Record<string, string> | undefined
}

/** An integration as the definition spells it (`Integration` of apigatewayv2); stage variables not yet replaced. */
export interface IntegrationDefinition {
  integrationType: 'AWS_PROXY' | 'AWS' | 'HTTP_PROXY' | 'HTTP' | 'MOCK' | 'GROUP'
  /** The method of requests to an HTTP backend, which always have one; POST or nothing for functions. */
  integrationMethod?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD' | 'OPTIONS' | undefined
  integrationUri?: string | undefined
  timeoutInMillis: number
  requestParameters?: Record<string, string> | undefined
  requestTemplates?: Record<string, string> | undefined
  templateSelectionExpression?: string | undefined
  passthroughBehavior: 'WHEN_NO_MATCH' | 'WHEN_NO_TEMPLATES' | 'NEVER'
  contentHandlingStrategy?: 'CONVERT_TO_BINARY' | 'CONVERT_TO_TEXT' | undefined
  /** The action of a GROUP, and the group. */
  groupAction?: 'JOIN' | 'LEAVE' | 'SEND' | 'COUNT' | undefined
  groupName?: string | undefined
  groupNamePattern?: string | undefined
  /** Whether a message to the group spares the connection that sends it. */
  exceptSelf?: boolean | undefined
  /** The filter of a message to the group, and the key under which it replaces one that waits; expressions may stand in both. */
  filter?: string | undefined
  coalesce?: string | undefined
  /** The integration responses by their keys: `$default` or `/regex/`. */
  integrationResponses?: Record<string, IntegrationResponseDefinition> | undefined
}

/** The stage in which an integration is compiled: all that compiling may look at beside the definition. */
export interface IntegrationScope extends FunctionScope {
  /**
   * The meaning of a proxy function's result of `null` (or nothing): ERROR answers it as malformed, the rule of REST
   * APIs; SILENCE takes it for an empty 200.
   */
  readonly nullFunctionResult: 'ERROR' | 'SILENCE'
  /** Whether HTTP_PROXY backends of `$connect` get the client's Sec-WebSocket-Key, -Version and -Extensions. */
  readonly forwardWebSocketHeaders: boolean
  /** Whether events tell the user and the attributes of their connection; absent for no. */
  readonly attributesInEvents?: boolean
}

/** A fault of a definition: the path below the integration and one sentence that names what is allowed. */
export interface IntegrationFault {
  readonly path: readonly (string | number)[]
  readonly message: string
}

/** Takes one fault of a definition; compiling goes on, so that every fault is found at once. */
export type ReportFault = (path: IntegrationFault['path'], message: string) => void

/** An integration of one stage, compiled without a fault. Nothing is held yet that would have to be given back. */
export interface CompiledIntegration {
  readonly faults: null
  /** Makes the integration, with the pools and workers that it needs. */
  open(): Integration
}

/** A definition that can't be an integration: every fault at once, at least one. */
export interface FaultyIntegration {
  readonly faults: readonly IntegrationFault[]
}

/** A kind of integration: one file, one line in app's list. */
export interface IntegrationType {
  readonly types: readonly IntegrationDefinition['integrationType'][]
  /**
   * Compiles a definition for one stage. Never throws for a definition that `config/` lets pass, and has no side
   * effects: what was compiled may be thrown away, as `postern check` does, and is opened when a stage is served.
   */
  compile(definition: IntegrationDefinition, scope: IntegrationScope): CompiledIntegration | FaultyIntegration
}
