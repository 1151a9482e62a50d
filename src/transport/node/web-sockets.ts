import type { IncomingMessage } from 'node:http'
import { WebSocketServer } from 'ws'
import type { AcceptOptions, TransportOptions } from '../contract.ts'
import { isSafeValue } from '../response-headers.ts'
import { agreedDeflate } from './deflate-offer.ts'
import { createFrameWatch } from './frame-watch.ts'
import { NativeWebSocket } from './native-web-socket.ts'
import { NodeSocket, type SocketDesk } from './socket.ts'
import { inflateStrictly } from './strict-inflate.ts'
import type { NodeUpgrade } from './upgrade.ts'

/** Parts of a message that may wait to be put together: each costs some 200 bytes, however small it is. */
const maxParts = 16_384
/** Milliseconds for a client to end a connection that was closed, and to take what still waits for it. */
const closeInMillis = 30_000

/** Makes WebSockets of connections whose handshake is accepted. */
export interface WebSockets<Data> {
  /** Answers 101; null when the client has gone. */
  open(upgrade: NodeUpgrade<Data>, data: Data, options: AcceptOptions): NodeSocket<Data> | null
}

export function createWebSockets<Data>(
  { maxMessageBytes, compression }: TransportOptions,
  desk: SocketDesk<Data>,
): WebSockets<Data> {
  /** The subprotocol of the handshake that is answered now. */
  let protocol: string | null = null
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    WebSocket: NativeWebSocket,
    maxPayload: maxMessageBytes,
    skipUTF8Validation: false,
    allowSynchronousEvents: true,
    autoPong: false,
    closeTimeout: closeInMillis,
    maxFragments: maxParts,
    maxBufferedChunks: maxParts,
    // Nothing is kept of a message for the next: half a megabyte less for each connection.
    perMessageDeflate: compression && { serverNoContextTakeover: true, clientNoContextTakeover: true },
  } as ConstructorParameters<typeof WebSocketServer<typeof NativeWebSocket>>[0])
  // Written here: ws would look for it among those that the client offers.
  server.on('headers', (headers) => {
    if (protocol !== null && isSafeValue(protocol)) headers.push(`Sec-WebSocket-Protocol: ${protocol}`)
  })

  return {
    open({ request, tcp, head }, data, options) {
      const agreed =
        compression && options.compression ? agreedDeflate(request.header('sec-websocket-extensions')) : null
      const key = request.header('sec-websocket-key')
      let socket: NodeSocket<Data> | null = null
      protocol = options.protocol
      server.handleUpgrade(handshakeOf(key, agreed), tcp, head, (native) => {
        socket = new NodeSocket(data, native, tcp, desk)
        if (agreed !== null) inflateStrictly(native, maxMessageBytes)
      })
      protocol = null
      if (socket !== null && options.maxFrameBytes) watchFrames(socket, tcp, options.maxFrameBytes)
      return socket
    },
  }
}

/** The parts of a handshake that ws shall see: it was looked at already, and ws refuses in its own words. */
function handshakeOf(key: string, extensions: string | null): IncomingMessage {
  const headers = {
    upgrade: 'websocket',
    'sec-websocket-key': key,
    'sec-websocket-version': '13',
    ...(extensions !== null && { 'sec-websocket-extensions': extensions }),
  }
  return { method: 'GET', url: '/', headers } as unknown as IncomingMessage
}

function watchFrames<Data>(socket: NodeSocket<Data>, tcp: NodeUpgrade<Data>['tcp'], maxFrameBytes: number): void {
  const isTooLarge = createFrameWatch(maxFrameBytes)
  tcp.prependListener('data', (chunk: Buffer) => {
    if (isTooLarge(chunk)) socket.refuse(1009)
  })
}
