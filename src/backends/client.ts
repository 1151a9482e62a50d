import { createRequire } from 'node:module'
import type { buildConnector, Client } from 'undici'
import { FinalAnswers } from './final-answers.ts'

/**
 * Loads undici, which takes some 100 ms: a gateway whose integrations call nobody over HTTP starts without it. Node.js
 * keeps what it has loaded.
 */
export const loadUndici = (): typeof import('undici') => createRequire(import.meta.url)('undici')

export interface BackendClientOptions {
  readonly maxResponseBytes: number
  /**
   * Milliseconds that an idle connection is kept where the backend does not say (`Keep-Alive: timeout`). Shorter than
   * the 5 seconds after which servers on Node.js close theirs, so that it is rarely closed under a request.
   */
  readonly keepAliveInMillis?: number
}

/** A connection to a backend, opened anew when it has closed and the next call comes. */
export type BackendClient = Client & { readonly answers: FinalAnswers }

export function createBackendClient(
  origin: string,
  { maxResponseBytes, keepAliveInMillis = 4_000 }: BackendClientOptions,
  connect: buildConnector.connector,
): BackendClient {
  const { Client } = loadUndici()
  const answers = new FinalAnswers()
  const client = new Client(origin, {
    connect: (options, callback) =>
      connect(options, (...[error, socket]) => {
        if (error !== null) return callback(error, null)
        answers.takeOver(socket)
        callback(null, socket)
      }),
    pipelining: 1,
    maxResponseSize: maxResponseBytes,
    keepAliveTimeout: keepAliveInMillis,
    // A call's own deadline covers all of it; undici's timers are coarse and would only add work.
    headersTimeout: 0,
    bodyTimeout: 0,
  })
  return Object.assign(client, { answers })
}
