import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Server as HttpsServer } from 'node:https'
import { type AddressInfo, Server as NetServer, type Socket as TcpSocket } from 'node:net'
import { createLineLimit, type LineLimit } from '../../limits/line-limit.ts'
import type { Log } from '../../observability/contract.ts'
import type {
  AcceptOptions,
  CloseCause,
  CreateTransport,
  Socket,
  Transport,
  TransportHandlers,
  TransportOptions,
} from '../contract.ts'
import { framingDoubt } from '../framing.ts'
import { asksForWebSocket, type HandshakeFault, handshakeFault } from '../handshake.ts'
import { createLateRequests, type LateRequests } from '../late-requests.ts'
import { listenSentence } from '../listen-fault.ts'
import type { PendingRequest } from '../pending-request.ts'
import { TurnWrites } from '../turn-writes.ts'
import { refuseClient } from './client-error.ts'
import { HttpConnection } from './http-connection.ts'
import { type ExchangeDesk, NodeHttpExchange } from './http-exchange.ts'
import { type PingClock, startPingClock } from './ping-clock.ts'
import { createProxyAddresses, type ProxyAddresses } from './proxy-addresses.ts'
import type { ReceivedMessage } from './received-message.ts'
import { NodeRequest } from './request.ts'
import { createHttpServer, maxHeaders, type Server } from './server.ts'
import { canSharePort } from './shared-port.ts'
import type { NodeSocket, SocketDesk } from './socket.ts'
import { createTlsContexts, type TlsContexts } from './tls-contexts.ts'
import { NodeUpgrade, type UpgradeDesk } from './upgrade.ts'
import { createWebSockets, type WebSockets } from './web-sockets.ts'

/** Gives the transport over node:http and ws. */
export async function loadNodeTransport({ log }: { log: Log }): Promise<CreateTransport> {
  return (options, handlers) => new NodeTransport(log, options, handlers)
}

class NodeTransport<Data> implements Transport, UpgradeDesk<Data>, SocketDesk<Data>, ExchangeDesk {
  readonly isDraining = () => this.#draining
  readonly maxBufferedBytes: number
  readonly turn = new TurnWrites()
  readonly waiting: { total: number }
  /** The clock, and with it all open sockets. */
  readonly pings: PingClock<NodeSocket<Data>>
  readonly log: Log
  readonly #options: TransportOptions
  readonly #handlers: TransportHandlers<Data>
  readonly #webSockets: WebSockets<Data>
  readonly #proxies: ProxyAddresses | null
  #server: Server | null = null
  /** The certificates; null over plain TCP. */
  #tls: TlsContexts | null = null
  /** Has node:http read requests from a connection, which is past TLS. */
  #serveHttp: (tcp: TcpSocket) => void = (tcp) => tcp.destroy()
  /** The TCP connections that neither node:http would end nor `pings` knows. */
  readonly #connections = new Set<TcpSocket>()
  /** The state of connections that have had a plain request, or one that waited. */
  readonly #states = new WeakMap<TcpSocket, HttpConnection>()
  /** The request whose handler runs now. */
  #current: PendingRequest | null = null
  /** The rate of lines about errors of the server: with no file descriptor left, one comes with each connection. */
  readonly #errorLines: LineLimit
  #draining = false
  #late: LateRequests | null = null
  #closed = false

  constructor(log: Log, options: TransportOptions, handlers: TransportHandlers<Data>) {
    this.log = log
    this.#options = options
    this.#handlers = handlers
    this.maxBufferedBytes = options.maxBufferedBytes
    this.waiting = options.waiting ?? { total: 0 }
    this.pings = startPingClock(options.pingIntervalInSeconds)
    this.#proxies = options.proxyProtocol ? createProxyAddresses(options.proxyProtocol, options.tls !== null) : null
    this.#webSockets = createWebSockets<Data>(options, this)
    this.#errorLines = createLineLimit((leftOut) =>
      log.error({ leftOut }, 'the server has errors faster than they are logged'),
    )
  }

  async listen(): Promise<number> {
    const { host, port, tls, exclusivePort } = this.#options
    const reusePort = !exclusivePort && port !== 0
    if (reusePort && !canSharePort(process.versions.node, process.platform)) throw new Error(cannotShare(host, port))
    this.#tls = tls === null ? null : await createTlsContexts(tls)
    const server = createHttpServer(this.#tls)
    if (this.#closed) throw new Error(`can't listen on ${host}:${port}: the transport is closed`)
    this.#server = server
    this.#serve(server)
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) =>
        reject(new Error(listenSentence({ host, port }, error.code))),
      )
      server.listen({ host, port, exclusive: true, ...(reusePort && { reusePort }) }, resolve)
    })
    server.on('error', (error) => this.#onServerError(error))
    return (server.address() as AddressInfo).port
  }

  sendAway(): void {
    this.#draining = true
    this.#late ??= createLateRequests()
  }

  async answered(timeoutInMillis: number): Promise<void> {
    await this.#late?.answered(timeoutInMillis)
  }

  async reloadTls(): Promise<boolean> {
    const server = this.#server as HttpsServer | null
    return server === null || this.#tls === null ? false : this.#tls.reload(server)
  }

  stopListening(): void {
    this.sendAway()
    // Not the server's own `close`, which ends the connections of callers who keep theirs open.
    if (this.#server?.listening) NetServer.prototype.close.call(this.#server)
  }

  close(): void {
    this.stopListening()
    this.#closed = true
    this.pings.close()
    this.#errorLines.close()
    if (this.#current !== null) this.#abort(this.#current)
    for (const socket of this.pings.all()) socket.terminate()
    this.#server?.closeAllConnections()
    for (const connection of this.#connections) connection.destroy()
  }

  takeBack(tcp: TcpSocket, head: Buffer): void {
    if (tcp.destroyed || !tcp.readable) return void tcp.destroy()
    if (head.length > 0) tcp.unshift(head)
    this.#serveHttp(tcp)
  }

  open(upgrade: NodeUpgrade<Data>, data: Data, options: AcceptOptions): Socket | null {
    return this.#webSockets.open(upgrade, data, options)
  }

  watch(tcp: TcpSocket): void {
    const connections = this.#connections
    if (connections.has(tcp)) return
    connections.add(tcp)
    tcp.on('close', () => connections.delete(tcp))
  }

  aborted(upgrade: NodeUpgrade<Data>): void {
    this.#abort(upgrade)
  }

  received(data: Data, message: Buffer, isBinary: boolean): void {
    try {
      this.#handlers.message(data, message, isBinary)
    } catch (error) {
      this.log.error({ err: error }, 'the handler of a message threw')
    }
  }

  pinged(data: Data): void {
    try {
      this.#handlers.pinged(data)
    } catch (error) {
      this.log.error({ err: error }, 'the handler of a ping threw')
    }
  }

  drained(data: Data): void {
    try {
      this.#handlers.drained?.(data)
    } catch (error) {
      this.log.error({ err: error }, 'the handler of a drain threw')
    }
  }

  closed(socket: NodeSocket<Data>, code: number, reason: string, cause: CloseCause): void {
    try {
      this.#handlers.close(socket.data, code, reason, cause)
    } catch (error) {
      this.log.error({ err: error }, 'the handler of a close threw')
    }
  }

  #serve(server: Server): void {
    const [accept] = server.listeners('connection') as [(tcp: TcpSocket) => void]
    if (this.#options.tls === null) this.#serveHttp = (tcp) => accept.call(server, tcp)
    else this.#serveHttp = (tcp) => void server.emit('secureConnection', tcp)
    const { takesSocket } = this.#options
    const isHttp = this.#options.tls === null && this.#proxies === null
    server.removeAllListeners('connection')
    server.on('connection', (tcp: TcpSocket) => {
      if (takesSocket !== undefined && !takesSocket()) return void tcp.destroy()
      // node:http knows what comes to it at once, and costs less.
      if (!isHttp) this.watch(tcp)
      if (this.#proxies === null) accept.call(server, tcp)
      else this.#proxies.take(tcp, () => accept.call(server, tcp))
    })
    server.on('request', (message, response) => this.#onRequest(message, response))
    server.on('upgrade', (message, tcp, head) => this.#onUpgrade(message, tcp as TcpSocket, head))
    server.on('clientError', (error, tcp) => this.#onClientError(error, tcp as TcpSocket))
  }

  #onRequest(message: ReceivedMessage, response: ServerResponse): void {
    const tcp = message.socket
    const connection = this.#stateOf(tcp)
    if (connection.ended) return
    if (connection.isBusy) return void tcp.destroy()
    const request = new NodeRequest(message, this.#proxies?.of(tcp), this.#tls)
    const exchange = new NodeHttpExchange(request, { message, response, connection }, this)
    if (hasTooManyHeaders(message)) return this.#refuseHeaders(exchange)
    const doubt = doubtAbout(request, message)
    if (doubt !== null) return this.#turnAway(exchange, doubt)
    // What Node takes for an upgrade does not come here.
    if (asksForWebSocket(request)) return this.#refuse(exchange, handshakeFault(request) ?? noUpgrade)
    this.#run(exchange, () => this.#handlers.request(exchange))
    if (exchange.isWaiting) this.#wait(exchange, connection)
  }

  #onUpgrade(message: IncomingMessage, tcp: TcpSocket, head: Buffer): void {
    const connection = this.#states.get(tcp)
    if (connection?.ended || connection?.isBusy) return void tcp.destroy()
    const request = new NodeRequest(message, this.#proxies?.of(tcp), this.#tls)
    if (!asksForWebSocket(request)) return this.takeBack(tcp, Buffer.concat([withoutUpgrade(message), head]))
    const upgrade = new NodeUpgrade(request, message, tcp, head, this)
    if (hasTooManyHeaders(message)) return this.#refuseHeaders(upgrade)
    const doubt = doubtAbout(request, message)
    if (doubt !== null) return this.#turnAway(upgrade, doubt)
    const fault = message.httpVersionMinor === 0 ? oldVersion : handshakeFault(request)
    if (fault !== null) return this.#refuse(upgrade, fault)
    this.#run(upgrade, () => this.#handlers.upgrade(upgrade))
    if (!upgrade.isWaiting) return
    upgrade.wait()
    this.#wait(upgrade, this.#stateOf(tcp))
  }

  #onServerError(error: Error): void {
    if (this.#errorLines.takes()) this.log.error({ err: error }, 'the server has an error')
  }

  /** Answers what is no request. Node's parser may go on complaining about what follows it. */
  #onClientError(error: NodeJS.ErrnoException, tcp: TcpSocket): void {
    const connection = this.#stateOf(tcp)
    this.#leave(connection)
    if (connection.ended && tcp.writable) return
    connection.ended = true
    refuseClient(error, tcp)
  }

  /** The state of a connection, which is watched from now on: a request that waits is aborted when it ends. */
  #stateOf(tcp: TcpSocket): HttpConnection {
    const known = this.#states.get(tcp)
    if (known !== undefined) return known
    const connection = new HttpConnection()
    this.#states.set(tcp, connection)
    // Once for the connection: listeners that come and go with each request cost more than the rest of its state.
    tcp.on('close', () => this.#leave(connection))
    return connection
  }

  /** Aborts the request that waits, since nobody can be answered any more. */
  #leave({ waiting }: HttpConnection): void {
    if (waiting?.isWaiting) this.#abort(waiting)
  }

  #run(pending: PendingRequest, handle: () => void): void {
    this.#current = pending
    try {
      handle()
    } catch (error) {
      this.log.error({ err: error }, 'the handler of a request threw')
      pending.fail()
    } finally {
      this.#current = null
    }
  }

  #wait(pending: PendingRequest, connection: HttpConnection): void {
    connection.waiting = pending
    this.#late?.add(pending)
  }

  #refuse(pending: NodeHttpExchange | NodeUpgrade<Data>, { code, detail }: HandshakeFault): void {
    this.log.debug({ path: pending.request.path, code }, `a handshake was refused: ${detail}`)
    this.#handlers.refused?.(pending.request, code, detail)
    pending.closes = true
    pending.answerShort(code)
  }

  #turnAway(pending: NodeHttpExchange | NodeUpgrade<Data>, detail: string): void {
    this.log.debug({ path: pending.request.path, code: 'DOUBTFUL_FRAMING' }, `a request was refused: ${detail}`)
    this.#handlers.refused?.(pending.request, 'DOUBTFUL_FRAMING', detail)
    pending.closes = true
    pending.answerShort('DOUBTFUL_FRAMING')
  }

  #refuseHeaders(pending: NodeHttpExchange | NodeUpgrade<Data>): void {
    pending.closes = true
    const headers = [['Content-Type', 'application/json']] as const
    const body = '{"message":"Request Header Fields Too Large"}'
    if (pending instanceof NodeUpgrade) pending.refuse(431, headers, body)
    else pending.respond(431, headers, body)
  }

  #abort(pending: PendingRequest): void {
    try {
      pending.abort()
    } catch (error) {
      this.log.error({ err: error }, 'a listener to an abort threw')
    }
  }
}

const noUpgrade: HandshakeFault = { code: 'BAD_HANDSHAKE', detail: 'the Connection header does not hold Upgrade' }

/** RFC 6455 §4.1 asks for HTTP/1.1. */
const oldVersion: HandshakeFault = { code: 'BAD_HANDSHAKE', detail: 'the request is HTTP/1.0' }

/** The doubt about a request that Node's strict parser lets through; null for nothing. */
function doubtAbout(request: NodeRequest, { rawHeaders, httpVersionMinor }: IncomingMessage): string | null {
  return httpVersionMinor > 0 && !request.has('host') ? 'there is no Host header' : framingDoubt(rawHeaders)
}

function hasTooManyHeaders({ rawHeaders }: IncomingMessage): boolean {
  return rawHeaders.length > 2 * maxHeaders
}

function cannotShare(host: string, port: number): string {
  const why = `Node.js ${process.versions.node} can't share a port among workers`
  return `can't listen on ${host}:${port}: ${why}; use Node.js 22.12 or later on Linux, one worker, or uWebSockets.js`
}

/**
 * The head of a request again, without its Upgrade header: whom nothing is upgraded to may be answered as if he had not
 * asked (RFC 9110 §7.8).
 */
function withoutUpgrade({ method, url, httpVersion, rawHeaders }: IncomingMessage): Buffer {
  let head = `${method} ${url} HTTP/${httpVersion}\r\n`
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if ((rawHeaders[i] as string).toLowerCase() !== 'upgrade') head += `${rawHeaders[i]}: ${rawHeaders[i + 1]}\r\n`
  }
  return Buffer.from(`${head}\r\n`, 'latin1')
}
