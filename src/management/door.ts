import type { Log } from '../observability/contract.ts'
import type { HttpExchange, TransportHandlers } from '../transport/contract.ts'
import { isRead, notAllowed } from './connections-api.ts'
import { createGuard, type GuardOptions } from './guard.ts'
import { copyRequest, holdExchange } from './held-exchange.ts'
import { readPlaygroundFiles } from './playground-files.ts'
import { refuse, reply, replyJson } from './reply.ts'

export interface Readiness {
  readonly ready: boolean
  /** Reasons not to be ready; also those of some part (a worker) while others are ready. */
  readonly reasons: readonly string[]
}

export interface ManagementDoorOptions extends GuardOptions {
  readonly log: Log
  readonly readiness: () => Readiness
  /** The text of `/metrics`. */
  readonly scrape: () => Promise<string>
  /** The handler of everything under `/api`, for callers whom the guard has let in. */
  readonly api: Handle
  /** Whether the playground is served. */
  readonly playground?: boolean
}

export type Handle = (exchange: HttpExchange) => void

/** Bytes of a body that is read before its caller is known: above whatever an operation takes. */
const maxBodyBytes = 1024 * 1024

/** Methods whose body no operation reads need not have it signed. */
function hasBody(method: string): boolean {
  return method !== 'GET' && method !== 'HEAD' && method !== 'DELETE'
}

/**
 * Creates the handlers of the management port: a transport of its own, for plain requests only.
 *
 * `/healthz`, `/readyz` and the playground's files are for anyone who reaches it: probes carry no tokens, and a browser
 * has none before the page is there to ask for it. All else goes through the guard.
 */
export function createManagementDoor(options: ManagementDoorOptions): TransportHandlers<never> {
  const { log, api } = options
  const guard = createGuard(options)
  const readsBody = options.callers?.readsBody ?? false
  const files = options.playground === false ? [] : readPlaygroundFiles()

  function health(exchange: HttpExchange): void {
    reply(exchange, 200, 'text/plain; charset=utf-8', 'ok\n')
  }

  function ready(exchange: HttpExchange): void {
    const { ready, reasons } = options.readiness()
    replyJson(exchange, ready ? 200 : 503, { ready, reasons })
  }

  function scrape(exchange: HttpExchange): void {
    options.scrape().then(
      (text) => reply(exchange, 200, 'text/plain; version=0.0.4; charset=utf-8', text),
      (error: unknown) => {
        log.error({ error }, 'the metrics could not be read')
        refuse(exchange, 500, 'The metrics could not be read; the log says why')
      },
    )
  }

  const open: ReadonlyMap<string, Handle> = new Map([
    ['/healthz', health],
    ['/readyz', ready],
    ...[...files].map(([path, { contentType, body }]): [string, Handle] => [
      path,
      (exchange) => reply(exchange, 200, contentType, body),
    ]),
  ])

  function request(exchange: HttpExchange): void {
    const { method, path } = exchange.request
    const handle = open.get(path)
    if (handle !== undefined) return isRead(method) ? handle(exchange) : notAllowed(exchange, 'GET, HEAD')
    if (!readsBody || !hasBody(method)) return guarded(exchange, null)
    const copy = copyRequest(exchange.request)
    exchange.readBody(maxBodyBytes, (body) => {
      if (body === null) return refuse(exchange, 413, `A body has at most ${maxBodyBytes} bytes`)
      guarded(holdExchange(exchange, copy, body), body)
    })
  }

  function guarded(exchange: HttpExchange, body: Buffer | null): void {
    const { method, path } = exchange.request
    const refusal = guard(exchange.request, body)
    if (refusal !== null) return refuse(exchange, refusal.status, refusal.message, refusal.headers)
    if (path !== '/metrics') api(exchange)
    else if (isRead(method)) scrape(exchange)
    else notAllowed(exchange, 'GET, HEAD')
  }

  return {
    request,
    upgrade: (upgrade) =>
      upgrade.refuse(
        404,
        [['Content-Type', 'application/json']],
        '{"message":"The management port serves no WebSockets"}\n',
      ),
    message() {},
    pinged() {},
    close() {},
  }
}
