/** A local function as the definition spells it. */
export interface FunctionDefinition {
  /** `file.export`, the file beside api.yaml with .mjs, .js or .cjs. */
  handler: string
  timeoutInMillis: number
  /** Cap of the function's heap. */
  memoryInMegabytes: number
  /** How many calls run at once; more wait. */
  maxConcurrency: number
  environment: Readonly<Record<string, string>>
}

/** The stage for which a function is looked up: what its definition declares, and what replaces variables in a URI. */
export interface FunctionScope {
  readonly apiId: string
  readonly stage: string
  readonly stageVariables: Readonly<Record<string, string>>
  /** The folder of the api.yaml: handler files are found from here. */
  readonly directory: string
  /** The local functions that the definition declares, by name. */
  readonly functions: Readonly<Record<string, FunctionDefinition>>
}

/** One call of a function, wherever it runs. */
export interface Invocation {
  /** The event, as JSON text. */
  readonly payload: string
  /** The gateway's own id of the event: local functions see it as `awsRequestId` and log lines carry it. */
  readonly requestId: string
  /** `Root=…`, for the `X-Amzn-Trace-Id` of the call. */
  readonly traceId: string
  /** Don't wait for the result (Lambda's invocation type `Event`); the answer is then an empty success. */
  readonly asynchronous: boolean
  /** How long the caller waits. A function that runs longer goes on until its own limit, as on AWS. */
  readonly timeoutInMillis: number
}

export interface InvocationResult {
  /** What the function returned, as JSON text (`null` for nothing), or `{"errorMessage":…,"errorType":…}`. */
  readonly payload: string
  /** The function threw, exited, ran out of memory or exceeded its own time limit: `payload` describes the error. */
  readonly functionError: boolean
  /** The id under which the function's own log knows the call; null when it is not known. */
  readonly requestId: string | null
}

/**
 * A function that can be called: a local one, or one behind a Lambda API. Rejects with a `GatewayError` and nothing
 * else: INTEGRATION_TIMEOUT, INTEGRATION_OVERLOADED, INTEGRATION_FAILURE, INTEGRATION_RESPONSE_TOO_LARGE or
 * FUNCTION_UNAVAILABLE. Calls are never repeated.
 */
export interface FunctionInvoker {
  invoke(invocation: Invocation): Promise<InvocationResult>
  /** Gives the function back. Calls in flight end by themselves. Safe to call twice. */
  close(): void
}
