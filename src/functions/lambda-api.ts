import { CallDeadlines } from '../backends/call-deadlines.ts'
import { type BackendPools, createBackendPools } from '../backends/pools.ts'
import type { BackendResponse } from '../backends/response.ts'
import type { AwsCredentials } from '../vocabulary/aws-credentials.ts'
import { GatewayError } from '../vocabulary/errors.ts'
import { lastHeader } from '../vocabulary/headers.ts'
import { createSigner, type Sign } from '../vocabulary/sigv4-sign.ts'
import type { FunctionInvoker, Invocation, InvocationResult } from './contract.ts'
import { maxResultBytes } from './process.ts'

/** Characters of a refusal's body that go into the log. */
const maxRefusalText = 512
const plainText = /^[\x21-\x7e](?:[\x20-\x7e]{0,510}[\x21-\x7e])?$/

export interface LambdaApiOptions {
  /**
   * The API's URL, `http://` or `https://`, with a path or without: Lambda itself or a runtime that speaks its Invoke
   * operation.
   */
  readonly endpoint: string
  /** The region for calls of functions whose ARN names none. */
  readonly region: string
  /** Keys that sign the calls; null sends them unsigned, which only runtimes other than Lambda itself accept. */
  readonly credentials: AwsCredentials | null
  /** The wall clock, in milliseconds since 1970. */
  readonly now?: () => number
  readonly maxConnections?: number
  readonly maxWaiting?: number
}

/** A function behind a Lambda API. */
export interface RemoteFunction {
  /** A name or an ARN, without a qualifier. */
  readonly name: string
  readonly qualifier: string | null
  /** The region of the ARN; null for the API's own. */
  readonly region: string | null
}

/** The Invoke operation of a Lambda API. */
export interface LambdaApi {
  /** Opens a function; whether there is one, its first call shows. */
  open(remote: RemoteFunction): FunctionInvoker
  /** Drops every connection; calls in flight fail. Safe to call twice. */
  close(): void
}

/**
 * Creates a client of a Lambda API. Connects with the first call; signs with the service name `lambda`; a call is sent
 * once and never again.
 */
export function createLambdaApi(options: LambdaApiOptions): LambdaApi {
  const { credentials, now = Date.now, maxConnections = 256, maxWaiting = 1_000 } = options
  const endpoint = new URL(options.endpoint)
  const basePath = endpoint.pathname.replace(/\/+$/, '')
  const pools: BackendPools = createBackendPools({
    connectTimeoutInMillis: 5_000,
    maxConnectionsPerOrigin: maxConnections,
    maxWaitingPerOrigin: maxWaiting,
    maxResponseBytes: maxResultBytes,
  })
  const signers = new Map<string, Sign>()
  const deadlines = new Map<number, CallDeadlines>()

  function signerFor(region: string): Sign | null {
    if (credentials === null) return null
    const signer = signers.get(region) ?? createSigner({ credentials, region, service: 'lambda', now })
    signers.set(region, signer)
    return signer
  }

  function deadlinesOf(timeoutInMillis: number): CallDeadlines {
    const list = deadlines.get(timeoutInMillis) ?? new CallDeadlines(timeoutInMillis)
    deadlines.set(timeoutInMillis, list)
    return list
  }

  return {
    open(remote) {
      const path = `${basePath}/2015-03-31/functions/${encodeURIComponent(remote.name)}/invocations`
      const query = remote.qualifier === null ? '' : `Qualifier=${encodeURIComponent(remote.qualifier)}`
      const sign = signerFor(remote.region ?? options.region)
      const backend = pools.retain(endpoint.origin)
      return {
        async invoke(invocation) {
          const own = headersOf(invocation, endpoint.host)
          const added = sign?.({ method: 'POST', path, query, headers: own, body: invocation.payload }) ?? []
          const response = await backend.call(
            {
              method: 'POST',
              path: query === '' ? path : `${path}?${query}`,
              headers: [...own, ...added].flat(),
              body: invocation.payload,
            },
            deadlinesOf(invocation.timeoutInMillis),
            null,
          )
          return readResponse(response, remote.name)
        },
        close: () => backend.release(),
      }
    },
    close: () => pools.close(),
  }
}

function headersOf({ asynchronous, traceId }: Invocation, host: string): [string, string][] {
  const headers: [string, string][] = [
    ['content-type', 'application/json'],
    ['host', host],
    ['x-amz-invocation-type', asynchronous ? 'Event' : 'RequestResponse'],
  ]
  // It may be the client's own.
  if (plainText.test(traceId)) headers.push(['x-amzn-trace-id', traceId])
  return headers
}

/**
 * Reads a response of "Invoke": 200 with the result, 202 for an accepted event, and X-Amz-Function-Error when the
 * function failed.
 */
function readResponse(response: BackendResponse, name: string): InvocationResult {
  const payload = textOf(response.body)
  if (response.status < 200 || response.status > 299) {
    const type = lastHeader(response.headers, 'x-amzn-errortype') ?? ''
    const detail = [String(response.status), type, payload.slice(0, maxRefusalText)].filter((part) => part !== '')
    throw new GatewayError('FUNCTION_UNAVAILABLE', `the Lambda API answered for ${name}: ${detail.join(' ')}`)
  }
  return {
    payload,
    functionError: lastHeader(response.headers, 'x-amz-function-error') !== undefined,
    requestId: lastHeader(response.headers, 'x-amzn-requestid') ?? null,
  }
}

function textOf(body: string | Uint8Array): string {
  return typeof body === 'string' ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8')
}
