import { describeFound } from 'postern-documents/faults'
import { CallDeadlines } from '../../backends/call-deadlines.ts'
import type { BackendPools } from '../../backends/pools.ts'
import type { FunctionFinder, FunctionScope } from '../../functions/contract.ts'
import { GatewayError } from '../../vocabulary/errors.ts'
import { errorSentence } from '../../vocabulary/function-error.ts'
import { httpUrlForm, parseHttpUrl } from '../../vocabulary/http-url.ts'
import { replaceStageVariables } from '../../vocabulary/stage-variables.ts'

/** The one question that an authorizer is asked. */
export interface Question {
  readonly payload: string
  readonly requestId: string
  readonly traceId: string
}

/** An authorizer that can be asked, wherever it runs. */
export interface Decider {
  /** Rejects with a `GatewayError` when the authorizer could not be asked. */
  ask(question: Question): Promise<DeciderAnswer>
  /** Gives back what it took. Safe to call twice. */
  close(): void
}

/** The answer of an authorizer: a result to be read, a refusal in a word, or its failure in a sentence. */
export interface DeciderAnswer {
  readonly kind: 'result' | 'unauthorized' | 'denied' | 'failed'
  /** The result as JSON text, or the sentence. */
  readonly text: string
  /** The HTTP status; 200 for a function that could be called. */
  readonly status: number
  /** The id under which the function's own log knows the call; null where it is not known. */
  readonly requestId: string | null
}

/** The error text with which a function refuses a client ("Output from an API Gateway Lambda authorizer"). */
const unauthorized = 'Unauthorized'

export interface DeciderParts {
  readonly functions: FunctionFinder
  readonly pools: BackendPools
}

/** Finds the authorizer that a URI names in a stage, not yet open; a string is the fault. */
export function findDecider(
  uri: string,
  timeoutInMillis: number,
  scope: FunctionScope,
  { functions, pools }: DeciderParts,
): (() => Decider) | string {
  if (/^https?:/i.test(uri)) return findEndpoint(uri, timeoutInMillis, scope, pools)
  const target = functions.find(uri, scope)
  if (typeof target === 'string') return target
  return () => {
    const invoker = target.open()
    return {
      async ask(question) {
        const called = await invoker.invoke({ ...question, asynchronous: false, timeoutInMillis }).catch(failed)
        const { payload, requestId } = called
        if (!called.functionError) return { kind: 'result', text: payload, status: 200, requestId }
        const kind = messageOf(payload) === unauthorized ? 'unauthorized' : 'failed'
        return { kind, text: errorSentence(payload), status: 200, requestId }
      },
      close: () => invoker.close(),
    }
  }
}

/** An HTTP endpoint gets the event with POST; 401 and 403 refuse, 200 answers as a function does. Beyond AWS. */
function findEndpoint(
  uri: string,
  timeoutInMillis: number,
  { apiId, stageVariables }: FunctionScope,
  pools: BackendPools,
): (() => Decider) | string {
  const { text } = replaceStageVariables(uri, stageVariables)
  if (parseHttpUrl(text) === null) return `${describeFound(text, [])} is no URL; allowed: ${httpUrlForm}`
  const { origin, username, password, pathname, search } = new URL(text)
  if (username !== '' || password !== '') return 'allowed: a URL without user and password'
  const headers = ['Content-Type', 'application/json', 'User-Agent', `AmazonAPIGateway_${apiId}`]
  return () => {
    const backend = pools.retain(origin)
    const deadlines = new CallDeadlines(timeoutInMillis)
    return {
      async ask({ payload, traceId }) {
        const request = {
          ...({ method: 'POST', path: pathname + search, body: payload } as const),
          headers: [...headers, 'X-Amzn-Trace-Id', traceId],
        }
        const { status, body } = await backend.call(request, deadlines, null).catch(failed)
        const isSuccess = status >= 200 && status < 300
        const text = isSuccess ? Buffer.from(body).toString() : `the authorizer answered ${status}`
        return { kind: isSuccess ? 'result' : (refusals[status] ?? 'failed'), text, status, requestId: null }
      },
      close: () => backend.release(),
    }
  }
}

/** The statuses with which an endpoint refuses a client without a policy. */
const refusals: Readonly<Record<number, 'unauthorized' | 'denied'>> = { 401: 'unauthorized', 403: 'denied' }

/** Whatever kept the authorizer from answering, the client is told the same. */
function failed(error: unknown): never {
  const detail = error instanceof Error ? error.message : undefined
  throw new GatewayError('AUTHORIZER_FAILURE', detail, { cause: error })
}

function messageOf(payload: string): unknown {
  try {
    return (JSON.parse(payload) as { errorMessage?: unknown } | null)?.errorMessage
  } catch {
    return undefined
  }
}
