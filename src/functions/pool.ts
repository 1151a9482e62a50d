import { GatewayError } from '../vocabulary/errors.ts'
import type { FunctionInvoker, Invocation, InvocationResult } from './contract.ts'
import { functionError, loggedError, runtimeError } from './error.ts'
import { createFunctionWorkers, type FunctionOptions, type FunctionWorker } from './workers.ts'

/** Calls of one function that may wait for a process; a further one is refused. */
const maxWaiting = 1_000

/** One local function: its calls, and the processes that run them, each one call at a time as on AWS. */
export interface FunctionPool extends Pick<FunctionInvoker, 'invoke'> {
  /** Loads the handler unless it is; resolves with null, or with one sentence that says why it can't be loaded. */
  load(): Promise<string | null>
  /** Lets go of the processes: the next call gets a new one; calls in flight end in the old ones. */
  reload(): void
  /** Takes no more calls; runs `onEnded` when those that came have ended, and the processes with them. */
  close(onEnded: () => void): void
  /** Ends every process at once; calls fail. */
  destroy(): void
}

interface Call {
  readonly number: number
  readonly invocation: Invocation
  readonly resolve: (result: InvocationResult) => void
  /** The caller's patience; null for a call whose caller does not wait. */
  patience: NodeJS.Timeout | null
  /** The function's own limit, while it runs. */
  limit: NodeJS.Timeout | null
}

/** Creates the pool of one function. No process is started before the first call, or `load`. */
export function createFunctionPool(options: FunctionOptions): FunctionPool {
  const { name, definition, log } = options
  const waiting = new Set<Call>()
  const running = new Map<FunctionWorker, Call>()
  let callNumber = 0
  let closed = false
  let whenEnded: (() => void) | null = null

  const workers = createFunctionWorkers(options, {
    available: advance,
    answered,
    notLoaded({ text, detail }) {
      for (const call of waiting) settle(call, functionError(text, call.invocation), detail)
      waiting.clear()
    },
    lost: (worker, errorType, reason) => fail(worker, errorType, reason),
    ended,
  })

  function invoke(invocation: Invocation): Promise<InvocationResult> {
    if (closed) return Promise.reject(new GatewayError('FUNCTION_UNAVAILABLE', `function ${name} is closed`))
    const { loadError } = workers
    if (loadError !== null) return Promise.resolve(functionError(loadError.text, invocation))
    if (waiting.size >= maxWaiting) {
      return Promise.reject(new GatewayError('INTEGRATION_OVERLOADED', `${maxWaiting} calls wait for function ${name}`))
    }
    return new Promise((resolve, reject) => {
      const call: Call = { number: ++callNumber, invocation, resolve, patience: null, limit: null }
      const { asynchronous, requestId, timeoutInMillis } = invocation
      if (asynchronous) resolve({ payload: '', functionError: false, requestId })
      else {
        call.patience = setTimeout(() => {
          waiting.delete(call)
          reject(new GatewayError('INTEGRATION_TIMEOUT', `function ${name} took more than ${timeoutInMillis} ms`))
        }, timeoutInMillis)
      }
      waiting.add(call)
      advance()
    })
  }

  function advance(): void {
    for (const call of waiting) {
      const worker = workers.take(call.invocation.requestId)
      if (worker === null) break
      waiting.delete(call)
      run(worker, call)
    }
    workers.want(waiting.size)
    if (closed && waiting.size === 0) workers.discardIdle()
  }

  function run(worker: FunctionWorker, call: Call): void {
    const { requestId, traceId, payload } = call.invocation
    const { timeoutInMillis } = definition
    running.set(worker, call)
    call.limit = setTimeout(() => {
      workers.discard(worker)
      fail(worker, 'Sandbox.Timedout', `Task timed out after ${(timeoutInMillis / 1000).toFixed(2)} seconds`)
    }, timeoutInMillis)
    worker.process.call({ call: call.number, requestId, traceId, deadline: Date.now() + timeoutInMillis }, payload)
  }

  function answered(worker: FunctionWorker, number: number, payload: string, detail: string | null): void {
    const call = running.get(worker)
    // What answers no call comes from a handler that wrote into the channel.
    if (call === undefined || call.number !== number) return workers.discard(worker)
    running.delete(worker)
    workers.release(worker)
    settle(call, { payload, functionError: detail !== null, requestId: call.invocation.requestId }, detail ?? payload)
    advance()
  }

  /** Answers a call whose function can't speak for itself any more. */
  function fail(worker: FunctionWorker, errorType: string, reason: string): void {
    const call = running.get(worker)
    if (call === undefined) return
    running.delete(worker)
    settle(call, runtimeError(errorType, reason, call.invocation))
  }

  /** Ends a call; of an error `detail` is what the log gets. */
  function settle(call: Call, result: InvocationResult, detail = result.payload): void {
    if (call.patience !== null) clearTimeout(call.patience)
    if (call.limit !== null) clearTimeout(call.limit)
    if (result.functionError) {
      log.error({ requestId: call.invocation.requestId, error: loggedError(detail) }, 'the function failed')
    }
    call.resolve(result)
  }

  function ended(): void {
    if (!closed || waiting.size > 0) return
    whenEnded?.()
    whenEnded = null
  }

  return {
    invoke,
    load: () => (closed ? Promise.resolve(`function ${name} is closed`) : workers.load()),
    reload: () => workers.reload(),
    close(onEnded) {
      closed = true
      whenEnded = onEnded
      advance()
      if (!workers.any) ended()
    },
    destroy() {
      closed = true
      workers.destroy()
      for (const call of waiting) settle(call, runtimeError('Runtime.ExitError', 'the gateway stops', call.invocation))
      waiting.clear()
      for (const worker of [...running.keys()]) fail(worker, 'Runtime.ExitError', 'the gateway stops')
    },
  }
}
