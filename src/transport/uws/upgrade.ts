import type { HttpResponse, us_socket_context_t } from 'uWebSockets.js'
import { type HeaderList, isSafeHeader } from '../../vocabulary/headers.ts'
import type { AcceptOptions, Socket, Upgrade } from '../contract.ts'
import type { ForeignCork } from './foreign-cork.ts'
import { PendingResponse } from './pending-response.ts'
import type { UwsRequest } from './request.ts'
import { type SocketDesk, UwsSocket } from './socket.ts'

/** The state that all upgrades of one transport share. */
export interface UpgradeDesk<Data> extends SocketDesk {
  readonly compression: boolean
  readonly isDraining: () => boolean
  /** The cork that `response.upgrade` needs; null before the transport listens, when there are no upgrades. */
  cork: ForeignCork | null
  /** The socket whose native half is being made: uWebSockets.js calls `open` inside `upgrade`. */
  opening: UwsSocket<Data> | null
}

// uWebSockets.js copies the members of a user data object one by one; `open` sets ours, which is cheaper.
const noUserData = Object.freeze({})

/** A well-formed handshake over uWebSockets.js that waits for an answer. */
export class UwsUpgrade<Data> extends PendingResponse implements Upgrade<Data> {
  readonly #context: us_socket_context_t
  readonly #desk: UpgradeDesk<Data>
  readonly #key: string
  readonly #extensions: string

  constructor(request: UwsRequest, response: HttpResponse, context: us_socket_context_t, desk: UpgradeDesk<Data>) {
    super(request, response, desk.isDraining)
    this.#context = context
    this.#desk = desk
    this.#key = request.header('sec-websocket-key')
    this.#extensions = desk.compression ? request.header('sec-websocket-extensions') : ''
  }

  accept(data: Data, options: AcceptOptions): Socket | null {
    if (!this.claim()) return null
    const extensions = options.compression ? this.#extensions : ''
    const socket = new UwsSocket(data, this.#desk, extensions.includes('permessage-deflate'))
    this.#desk.opening = socket
    if (this.corked) this.#upgrade(options.protocol, extensions)
    else this.#desk.cork?.run(() => this.#upgrade(options.protocol, extensions))
    this.#desk.opening = null
    return socket
  }

  refuse(status: number, headers: HeaderList, body: string | Uint8Array | null): void {
    this.answer(status, headers, body)
  }

  #upgrade(protocol: string | null, extensions: string): void {
    // Written here because uWebSockets.js would cut the value at its first comma.
    if (protocol && isSafeHeader('Sec-WebSocket-Protocol', protocol)) {
      this.response.writeStatus('101 Switching Protocols').writeHeader('Sec-WebSocket-Protocol', protocol)
    }
    this.response.upgrade(noUserData, this.#key, '', extensions, this.#context)
  }
}
