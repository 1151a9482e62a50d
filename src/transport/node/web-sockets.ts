import type { AcceptOptions, TransportOptions } from '../contract.ts'
import { isSafeValue } from '../response-headers.ts'
import { acceptValue } from './accept-value.ts'
import { createDeflate, type Deflate, deflateHeader, windowBitsOf } from './deflate.ts'
import { agreedDeflate } from './deflate-offer.ts'
import { createFrameWatch } from './frame-watch.ts'
import { type FrameLimits, NativeWebSocket } from './native-web-socket.ts'
import { NodeSocket, type SocketDesk } from './socket.ts'
import { inflateStrictly } from './strict-inflate.ts'
import type { NodeUpgrade } from './upgrade.ts'

/** Parts of a message that may wait to be put together: each costs some 200 bytes, however small it is. */
const maxParts = 16_384

/** Makes WebSockets of connections whose handshake is accepted. */
export interface WebSockets<Data> {
  /** Answers 101; null when the client has gone. */
  open(upgrade: NodeUpgrade<Data>, data: Data, options: AcceptOptions): NodeSocket<Data> | null
}

/**
 * Creates the maker. The handshake was looked at already, so that the 101 is written here: ws would look again, in its
 * own words, and choose a subprotocol among those that the client offers.
 */
export function createWebSockets<Data>(
  { maxMessageBytes, compression }: TransportOptions,
  desk: SocketDesk<Data>,
): WebSockets<Data> {
  const limits: FrameLimits = {
    allowSynchronousEvents: true,
    maxBufferedChunks: maxParts,
    maxFragments: maxParts,
    maxPayload: maxMessageBytes,
    skipUTF8Validation: false,
  }

  return {
    open({ request, tcp, head }, data, options) {
      // The client may have ended its side while it waited.
      if (!tcp.readable || !tcp.writable) {
        tcp.destroy()
        return null
      }
      const agreed =
        compression && options.compression ? agreedDeflate(request.header('sec-websocket-extensions')) : null
      const deflate = agreed === null ? null : createDeflate(agreed, maxMessageBytes)
      const { protocol } = options
      // A subprotocol may hold any text; without one all is ASCII, which is written for less.
      tcp.write(
        switching(request.header('sec-websocket-key'), deflate, protocol),
        protocol === null ? 'latin1' : 'utf8',
      )
      const native = new NativeWebSocket()
      native.attach(tcp, head, limits, deflate)
      const socket = new NodeSocket(data, native, tcp, deflate === null ? 0 : windowBitsOf(deflate), desk)
      if (deflate !== null) inflateStrictly(native, maxMessageBytes)
      if (options.maxFrameBytes) watchFrames(socket, tcp, options.maxFrameBytes)
      return socket
    },
  }
}

/** The head of the 101 (RFC 6455 §4.2.2). */
function switching(key: string, deflate: Deflate | null, protocol: string | null): string {
  let head = `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${acceptValue(key)}\r\n`
  if (deflate !== null) head += `Sec-WebSocket-Extensions: ${deflateHeader(deflate)}\r\n`
  if (protocol !== null && isSafeValue(protocol)) head += `Sec-WebSocket-Protocol: ${protocol}\r\n`
  return `${head}\r\n`
}

function watchFrames<Data>(socket: NodeSocket<Data>, tcp: NodeUpgrade<Data>['tcp'], maxFrameBytes: number): void {
  const isTooLarge = createFrameWatch(maxFrameBytes)
  tcp.prependListener('data', (chunk: Buffer) => {
    if (isTooLarge(chunk)) socket.refuse(1009)
  })
}
