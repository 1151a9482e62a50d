import type { Handle } from '../management/door.ts'
import { refuse } from '../management/reply.ts'
import type { ManagedAnswer, ManagedRequest } from '../supervisor/protocol.ts'
import { readManagedAnswer } from '../supervisor/protocol.ts'
import type { SupervisedWorker } from '../supervisor/supervised-worker.ts'
import type { Supervisor } from '../supervisor/supervisor.ts'
import type { HttpExchange } from '../transport/contract.ts'

/**
 * Milliseconds to wait for a worker's answer: more than any operation takes, and less than `postern connections` waits.
 */
const answerInMillis = 12_000
/** Bytes of a body that is forwarded: above whatever an operation takes, a message as JSON text. */
const maxBodyBytes = 1024 * 1024
/** The headers that an operation reads. */
const forwardedHeaders = ['host', 'content-type'] as const

/**
 * Creates the handler that hands a request, whose caller has been let in, to one of the workers, and its answer back.
 * Any of them can answer for all, and none has a port of its own for it.
 */
export function createForwarding(supervisor: Supervisor): Handle {
  let turn = 0

  /** The worker to ask next; null when there is nobody to ask. */
  function nextWorker(): SupervisedWorker | null {
    const of = (state: string) => supervisor.processes.filter((worker) => worker.state === state)
    const able = ['ready', 'unready', 'draining'].map(of).find((workers) => workers.length > 0) ?? []
    return able[turn++ % able.length] ?? null
  }

  async function forward(exchange: HttpExchange, request: ManagedRequest): Promise<void> {
    const worker = nextWorker()
    if (worker === null) return refuse(exchange, 503, 'No worker is able to answer; /readyz says why')
    const answer = readManagedAnswer(await worker.ask({ kind: 'request', request }, answerInMillis))
    if (answer === null) return refuse(exchange, 503, `${worker.name} did not answer; try again`)
    if (!exchange.aborted) exchange.respond(answer.status, answer.headers, answer.body)
  }

  return (exchange) => {
    const { method, path, query } = exchange.request
    const headers = forwardedHeaders.map((name): [string, string] => [name, exchange.request.header(name)])
    const request = { method, path, query, headers }
    if (method === 'GET' || method === 'HEAD') return void forward(exchange, { ...request, body: '' })
    exchange.readBody(maxBodyBytes, (body) => void forward(exchange, { ...request, body: body?.toString() ?? null }))
  }
}

/** Resolves with what `handle` answers to a request that was forwarded to this worker. */
export function answerForwarded(handle: Handle, request: ManagedRequest): Promise<ManagedAnswer> {
  const headers = new Map(request.headers)
  return new Promise((resolve) => {
    handle({
      request: {
        ...{ method: request.method, path: request.path, query: request.query },
        header: (name) => headers.get(name) ?? '',
        headers: () => request.headers,
        remoteAddress: () => '',
        clientCertificate: () => null,
      },
      aborted: false,
      onAborted() {},
      readBody(limit, done) {
        const body = request.body === null ? null : Buffer.from(request.body)
        done(body === null || body.length > limit ? null : body)
      },
      respond(status, given, body) {
        const list = 'own' in given ? given.own : given
        const text = typeof body === 'string' || body === null ? body : Buffer.from(body).toString()
        resolve({ status, headers: list.map(([name, value]) => [name, value]), body: text })
      },
    })
  })
}
