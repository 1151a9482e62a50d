// What the baselines of the transport on Node share: node:http and ws as bare as they can be used.
import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'

process.on('SIGTERM', () => process.exit())

/**
 * @param {(socket: import('ws').WebSocket, request: import('node:http').IncomingMessage) => void} opened
 * @param {import('node:http').RequestListener} [requested]
 */
export function listen(opened, requested) {
  const server = createServer(requested)
  const sockets = new WebSocketServer({ server, clientTracking: false, maxPayload: 131_072 })
  sockets.on('connection', opened)
  server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
    const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
    console.log(JSON.stringify({ port }))
  })
}
