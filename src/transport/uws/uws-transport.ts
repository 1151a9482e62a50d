import type { HttpRequest, HttpResponse, TemplatedApp, us_listen_socket, us_socket_context_t } from 'uWebSockets.js'
import type { Log } from '../../observability/contract.ts'
import type { CreateTransport, Transport, TransportHandlers, TransportOptions } from '../contract.ts'
import { framingDoubt } from '../framing.ts'
import { asksForWebSocket, type HandshakeFault, handshakeFault } from '../handshake.ts'
import { createLateRequests, type LateRequests } from '../late-requests.ts'
import { listenFault } from '../listen-fault.ts'
import { TurnWrites } from '../turn-writes.ts'
import { closeCause } from './close-cause.ts'
import { openForeignCork } from './foreign-cork.ts'
import { UwsHttpExchange } from './http-exchange.ts'
import { loadUws, ownUwsModule, type Uws } from './load-uws.ts'
import type { PendingResponse } from './pending-response.ts'
import { pingTiming } from './ping-timing.ts'
import { UwsRequest } from './request.ts'
import type { NativeSocket, UserData } from './socket.ts'
import { asksForCertificates, noClientCertificates, sslOptions, tlsText } from './tls.ts'
import { type UpgradeDesk, UwsUpgrade } from './upgrade.ts'

/** Bytes above the limit on waiting ones: room for one message that was let in below the limit, and the close frame. */
const roomAboveLimit = 1_048_576

/** Loads the build of uWebSockets.js that comes with the gateway, under the rules of `loadUws`. */
export async function loadTransport(parts: {
  environment: Record<string, string | undefined>
  log: Log
}): Promise<CreateTransport> {
  const { uws } = await loadUws({ module: ownUwsModule, isOwn: true, environment: parts.environment })
  return createUwsTransport({ uws, log: parts.log })
}

/** Gives the transport over a loaded build of uWebSockets.js. */
export function createUwsTransport({ uws, log }: { uws: Uws; log: Log }): CreateTransport {
  return (options, handlers) => new UwsTransport(uws, log, options, handlers)
}

class UwsTransport<Data> implements Transport {
  readonly #uws: Uws
  readonly #log: Log
  readonly #options: TransportOptions
  readonly #handlers: TransportHandlers<Data>
  readonly #desk: UpgradeDesk<Data>
  /** The app that listens, behind those whose certificates were replaced. */
  #apps: TemplatedApp[] = []
  /** The files of TLS that were read last, as one text. */
  #texts = ''
  #port = 0
  #listenSocket: us_listen_socket | null = null
  /** The request whose handler runs now. */
  #current: PendingResponse | null = null
  #draining = false
  /**
   * The requests that must be answered before the transport closes; null until callers are sent away: before that
   * nobody keeps count, which would cost something with each request.
   */
  #late: LateRequests | null = null
  #closed = false

  constructor(uws: Uws, log: Log, options: TransportOptions, handlers: TransportHandlers<Data>) {
    this.#uws = uws
    this.#log = log
    this.#options = options
    this.#handlers = handlers
    const { maxBufferedBytes, compression, waiting = { total: 0 } } = options
    const turn = new TurnWrites()
    this.#desk = {
      maxBufferedBytes,
      turn,
      waiting,
      compression,
      isDraining: () => this.#draining,
      cork: null,
      opening: null,
    }
  }

  async listen(): Promise<number> {
    const { host, port, tls } = this.#options
    if (tls !== null && asksForCertificates(tls)) throw new Error(noClientCertificates)
    if (tls !== null) this.#texts = await tlsText(tls)
    if (this.#options.proxyProtocol) throw new Error(noProxyProtocol)
    const cork = await openForeignCork(this.#uws)
    this.#desk.cork = cork
    if (this.#closed) {
      cork.close()
      throw new Error(`can't listen on ${host}:${port}: the transport is closed`)
    }
    this.#port = port
    this.#open()
    if (this.#listenSocket === null) throw new Error(await listenFault({ host, port }))
    this.#port = this.#uws.us_socket_local_port(this.#listenSocket)
    // One that the system has chosen can't be listened on once more while it has connections, unless it is now asked for.
    if (tls !== null && port === 0) await this.#openAnew()
    return this.#port
  }

  /** Listens with an app of its own, which has the certificates of this moment. */
  #open(): void {
    const { host, exclusivePort } = this.#options
    const app = this.#createApp()
    this.#apps.push(app)
    const exclusive = exclusivePort ? this.#uws.LIBUS_LISTEN_EXCLUSIVE_PORT : 0
    app.listen(host, this.#port, exclusive, (listenSocket) => {
      this.#listenSocket = listenSocket === false ? null : listenSocket
    })
  }

  /**
   * Puts another app in place of the one that listens, which keeps its connections: uWebSockets.js has no call that swaps
   * the default certificate, and `removeServerName` frees what open connections still use.
   */
  async reloadTls(): Promise<boolean> {
    const { tls } = this.#options
    if (tls === null) return false
    const texts = await tlsText(tls)
    if (texts === this.#texts || this.#listenSocket === null || this.#closed) return false
    this.#texts = texts
    await this.#openAnew()
    return true
  }

  async #openAnew(): Promise<void> {
    if (this.#listenSocket !== null) this.#uws.us_listen_socket_close(this.#listenSocket)
    this.#open()
    if (this.#listenSocket === null) {
      throw new Error(await listenFault({ host: this.#options.host, port: this.#port }))
    }
  }

  sendAway(): void {
    this.#draining = true
    this.#late ??= createLateRequests()
  }

  async answered(timeoutInMillis: number): Promise<void> {
    await this.#late?.answered(timeoutInMillis)
  }

  stopListening(): void {
    this.sendAway()
    if (this.#listenSocket !== null) this.#uws.us_listen_socket_close(this.#listenSocket)
    this.#listenSocket = null
  }

  close(): void {
    this.stopListening()
    this.#closed = true
    if (this.#current !== null) this.#onAborted(this.#current)
    for (const app of this.#apps) app.close()
    this.#apps = []
    this.#desk.cork?.close()
  }

  #createApp(): TemplatedApp {
    const { tls } = this.#options
    const app = tls === null ? this.#uws.App() : this.#uws.SSLApp(sslOptions(tls))
    const { takesSocket } = this.#options
    if (takesSocket !== undefined) app.filter(keepTo(takesSocket))
    this.#addRoutes(app)
    for (const { domainName, certificate } of tls?.domains ?? []) {
      if (certificate === null) continue
      app.addServerName(domainName, sslOptions(certificate))
      // What is added from now on is of that name.
      this.#addRoutes(app.domain(domainName))
    }
    return app
  }

  #addRoutes(app: TemplatedApp): void {
    const { maxMessageBytes, maxBufferedBytes, compression, pingIntervalInSeconds } = this.#options
    const { SHARED_COMPRESSOR, SHARED_DECOMPRESSOR, DISABLED } = this.#uws
    app.ws<UserData<Data>>('/*', {
      ...pingTiming(pingIntervalInSeconds),
      maxPayloadLength: maxMessageBytes,
      maxBackpressure: maxBufferedBytes + roomAboveLimit,
      closeOnBackpressureLimit: false,
      maxLifetime: 0,
      compression: compression ? SHARED_COMPRESSOR | SHARED_DECOMPRESSOR : DISABLED,
      upgrade: (response, request, context) => this.#onRequest(response, request, context, 'GET'),
      open: (native) => this.#onOpen(native as NativeSocket<Data>),
      message: (native, message, isBinary) => this.#onMessage(native as NativeSocket<Data>, message, isBinary),
      drain: (native) => this.#onDrain(native as NativeSocket<Data>),
      ping: (native) => this.#onPinged(native as NativeSocket<Data>),
      close: (native, code, text) => this.#onClose(native as NativeSocket<Data>, code, text),
    })
    app.post('/*', (response, request) => this.#onRequest(response, request, null, 'POST'))
    // Also what uWebSockets.js does not take for a handshake: another method, a key of another length.
    app.any('/*', (response, request) => this.#onRequest(response, request, null, null))
  }

  /**
   * Runs the handler of a request. Returning unanswered without `onAborted`, or throwing, would end the process. An
   * answer given at once needs no listener, which is a tenth of what accepting a connection costs here.
   */
  #onRequest(
    response: HttpResponse,
    native: HttpRequest,
    context: us_socket_context_t | null,
    method: 'GET' | 'POST' | null,
  ): void {
    const request = new UwsRequest(native, response, method)
    const doubt = framingDoubt(request.lines)
    const isHandshake = doubt === null && asksForWebSocket(request)
    const fault = isHandshake ? (handshakeFault(request) ?? (context === null ? otherFault : null)) : null
    const pending =
      isHandshake && fault === null
        ? new UwsUpgrade(request, response, context as us_socket_context_t, this.#desk)
        : new UwsHttpExchange(request, response, this.#log, this.#desk.isDraining)
    this.#current = pending
    try {
      if (doubt !== null) this.#turnAway(pending, doubt)
      else if (pending instanceof UwsUpgrade) this.#handlers.upgrade(pending)
      else if (fault === null) this.#handlers.request(pending)
      else this.#refuse(pending, fault)
    } catch (error) {
      this.#log.error({ err: error }, 'the handler of a request threw')
      pending.fail()
    } finally {
      this.#current = null
      if (pending.isWaiting) this.#wait(pending, response)
    }
  }

  #wait(pending: PendingResponse, response: HttpResponse): void {
    pending.corked = false
    this.#late?.add(pending)
    response.onAborted(() => this.#onAborted(pending))
  }

  #refuse(exchange: UwsHttpExchange, { code, detail }: HandshakeFault): void {
    this.#log.debug({ path: exchange.request.path, code }, `a handshake was refused: ${detail}`)
    this.#handlers.refused?.(exchange.request, code, detail)
    exchange.answerShort(code)
  }

  /**
   * Refuses what is in doubt, but not yet: while a request has no answer, uWebSockets.js closes the connection when one
   * more is behind it. Answered at once, the next one in the same segment would reach its handler although the answer
   * says that the connection ends.
   */
  #turnAway(pending: PendingResponse, detail: string): void {
    this.#log.debug({ path: pending.request.path, code: 'DOUBTFUL_FRAMING' }, `a request was refused: ${detail}`)
    this.#handlers.refused?.(pending.request, 'DOUBTFUL_FRAMING', detail)
    setImmediate(() => pending.answerAndClose('DOUBTFUL_FRAMING'))
  }

  #onAborted(pending: PendingResponse): void {
    try {
      pending.abort()
    } catch (error) {
      this.#log.error({ err: error }, 'a listener to an abort threw')
    }
  }

  #onOpen(native: NativeSocket<Data>): void {
    const socket = this.#desk.opening
    if (socket === null) return native.close()
    native.socket = socket
    socket.opened(native)
  }

  #onMessage(native: NativeSocket<Data>, message: ArrayBuffer, isBinary: boolean): void {
    try {
      this.#handlers.message(native.socket.data, Buffer.from(message), isBinary)
    } catch (error) {
      this.#log.error({ err: error }, 'the handler of a message threw')
    }
  }

  #onDrain({ socket }: NativeSocket<Data>): void {
    try {
      if (socket.drained()) this.#handlers.drained?.(socket.data)
    } catch (error) {
      this.#log.error({ err: error }, 'the handler of a drain threw')
    }
  }

  #onPinged(native: NativeSocket<Data>): void {
    try {
      this.#handlers.pinged(native.socket.data)
    } catch (error) {
      this.#log.error({ err: error }, 'the handler of a ping threw')
    }
  }

  #onClose(native: NativeSocket<Data>, code: number, text: ArrayBuffer): void {
    const socket = native.socket
    socket.closed()
    const reason = text.byteLength === 0 ? '' : Buffer.from(text).toString()
    const cause = socket.endedHere || this.#closed ? 'server' : closeCause(code, reason)
    try {
      this.#handlers.close(socket.data, code, cause === 'client' || socket.endedHere ? reason : '', cause)
    } catch (error) {
      this.#log.error({ err: error }, 'the handler of a close threw')
    }
  }
}

/** The fault of a handshake that uWebSockets.js does not take although `handshakeFault` finds nothing wrong with it. */
const otherFault: HandshakeFault = { code: 'BAD_HANDSHAKE', detail: 'the Sec-WebSocket-Key is not taken' }

const noProxyProtocol =
  "uWebSockets.js can't tell a PROXY protocol header of a proxy from one of a client behind it: use the transport node, " +
  'or have the proxy send X-Forwarded-For'

/** Closes each TCP connection that is not taken; uWebSockets.js calls it with 1 for one that comes and -1 at its end. */
function keepTo(takesSocket: () => boolean): (response: HttpResponse, change: number) => void {
  return (response, change) => {
    if (change > 0 && !takesSocket()) response.close()
  }
}
