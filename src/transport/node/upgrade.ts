import { type IncomingMessage, ServerResponse } from 'node:http'
import type { Socket as TcpSocket } from 'node:net'
import type { HeaderList, OwnHeaders } from '../../vocabulary/headers.ts'
import type { AcceptOptions, Socket, Upgrade } from '../contract.ts'
import { PendingRequest } from '../pending-request.ts'
import { endGently } from './end-gently.ts'
import type { NodeRequest } from './request.ts'
import { writeResponse } from './response.ts'

/** The part of a transport that its upgrades need. */
export interface UpgradeDesk<Data> {
  readonly isDraining: () => boolean
  /** Has node:http serve a connection from which an upgrade was taken; `head` is what it has read beyond that. */
  takeBack(tcp: TcpSocket, head: Buffer): void
  /** Has the transport end a connection with itself that node:http serves no more, until it is a WebSocket's. */
  watch(tcp: TcpSocket): void
  /** Makes a WebSocket of the connection; null when the client has gone. */
  open(upgrade: NodeUpgrade<Data>, data: Data, options: AcceptOptions): Socket | null
  /** Called when the client goes before the answer. */
  aborted(upgrade: NodeUpgrade<Data>): void
}

/** A handshake over node:http that waits for an answer. */
export class NodeUpgrade<Data> extends PendingRequest implements Upgrade<Data> {
  readonly request: NodeRequest
  readonly message: IncomingMessage
  readonly tcp: TcpSocket
  /** Bytes that came after the request. */
  readonly head: Buffer
  /** Whether the connection ends with a refusal, whatever the client asks for. */
  closes = false
  readonly #desk: UpgradeDesk<Data>
  /** Called when the client goes; null while nobody listens. */
  #onGone: (() => void) | null = null

  constructor(request: NodeRequest, message: IncomingMessage, tcp: TcpSocket, head: Buffer, desk: UpgradeDesk<Data>) {
    super(desk.isDraining)
    this.request = request
    this.message = message
    this.tcp = tcp
    this.head = head
    this.#desk = desk
  }

  /** Watches the client while it waits: an answer that is given at once needs no listeners. */
  wait(): void {
    const onGone = () => {
      this.tcp.destroy()
      if (this.isWaiting) this.#desk.aborted(this)
    }
    this.#onGone = onGone
    this.#desk.watch(this.tcp)
    this.tcp.on('error', ignore)
    this.tcp.on('close', onGone)
    this.tcp.on('end', onGone)
  }

  accept(data: Data, options: AcceptOptions): Socket | null {
    if (!this.claim()) return null
    this.#letGo()
    return this.#desk.open(this, data, options)
  }

  refuse(status: number, headers: HeaderList, body: string | Uint8Array | null): void {
    this.answer(status, headers, body)
  }

  protected write(status: number, headers: HeaderList | OwnHeaders, body: string | Uint8Array | null): void {
    this.#letGo()
    const { tcp, head, message } = this
    tcp.on('error', ignore)
    const response = new ServerResponse(message)
    const close = this.closes || this.isDraining() || !keepsAlive(this.request, message)
    const desk = this.#desk
    desk.watch(tcp)
    response.assignSocket(tcp)
    response.on('finish', () => {
      response.detachSocket(tcp)
      tcp.off('error', ignore)
      if (close) endGently(tcp)
      else desk.takeBack(tcp, head)
    })
    writeResponse(response, { method: this.request.method, close }, status, headers, body)
  }

  #letGo(): void {
    if (this.#onGone === null) return
    this.tcp.off('error', ignore)
    this.tcp.off('close', this.#onGone)
    this.tcp.off('end', this.#onGone)
    this.#onGone = null
  }
}

function keepsAlive(request: NodeRequest, { httpVersionMinor }: IncomingMessage): boolean {
  let keeps = httpVersionMinor >= 1
  request.eachHeader((name, value) => {
    if (name === 'connection' && /(?:^|,)\s*close\s*(?:,|$)/i.test(value)) keeps = false
  })
  return keeps
}

/** A listener to `error`, which `close` follows. */
function ignore(): void {}
