/** A local function as the definition spells it. */
export interface FunctionDefinition {
  /** The code, as `file.export`: the file lies beside api.yaml and ends in .js, .mjs or .cjs. */
  handler: string
  timeoutInMillis: number
  /** The cap of the function's heap. */
  memoryInMegabytes: number
  /** Calls that run at once; more wait. */
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
  /** The trace id, `Root=…`, for the `X-Amzn-Trace-Id` of the call. */
  readonly traceId: string
  /** Whether the result is not waited for (Lambda's invocation type `Event`): it is then an empty success. */
  readonly asynchronous: boolean
  /** Milliseconds that the caller waits. A function that runs longer goes on until its own limit, as on AWS. */
  readonly timeoutInMillis: number
}

/** The outcome of a call that could be carried out, whether the function succeeded or failed. */
export interface InvocationResult {
  /** The result of the function as JSON text (`null` for nothing), or `{"errorMessage":…,"errorType":…}`. */
  readonly payload: string
  /** Whether the function threw, exited, ran out of memory or exceeded its own time limit: see `payload`. */
  readonly functionError: boolean
  /** The id under which the function's own log knows the call; null when it is not known. */
  readonly requestId: string | null
}

/** A function that can be called: the local runtime's (`pools.ts`), or one behind a Lambda API (`lambda-api.ts`). */
export interface FunctionInvoker {
  /**
   * Calls the function once; a call is never repeated. Resolves with the result, also when the function itself failed,
   * and within `timeoutInMillis`. Rejects with a `GatewayError` and nothing else: INTEGRATION_TIMEOUT,
   * INTEGRATION_OVERLOADED, INTEGRATION_FAILURE, INTEGRATION_RESPONSE_TOO_LARGE or FUNCTION_UNAVAILABLE.
   */
  invoke(invocation: Invocation): Promise<InvocationResult>
  /** Gives the function back. Calls in flight end by themselves. Safe to call twice. */
  close(): void
}

/** A function that was found and is not open yet: nothing is held that would have to be given back. */
export interface FunctionTarget {
  /** Opens the function until its invoker is closed. Starts no process and no connection: the first call does. */
  open(): FunctionInvoker
}

/** Every function that a definition can name, wherever it runs: what integrations and authorizers ask. */
export interface FunctionFinder {
  /**
   * Finds the function that a URI names in a stage; a string is the fault, one sentence. The URI has one of the forms
   * of an `integrationUri`, and stage variables in it are replaced first. Names that the definition declares are local,
   * even inside an ARN; others belong to the Lambda API. Never throws and takes nothing, so that a definition can be
   * compiled and thrown away.
   */
  find(uri: string, scope: FunctionScope): FunctionTarget | string
}
