// A server on bare ws: sockets in a Map, an HTTP endpoint beside them, messages to the backend by hand.
import { randomUUID } from 'node:crypto'
import { WebSocketServer } from 'ws'
import { askBackend, mayConnect } from './ask-backend.mjs'
import { createEndpoint, listen } from './http-endpoint.mjs'

/** @type {Map<string, import('ws').WebSocket>} */
const sockets = new Map()

const server = createEndpoint((path, body) => {
  if (path === '/all') {
    // ws's README, "Server broadcast".
    for (const socket of sockets.values()) socket.send(body, { binary: false })
    return 200
  }
  const socket = sockets.get(path.slice('/push/'.length))
  if (socket === undefined) return 410
  socket.send(body, { binary: false })
  return 200
})

// ws's README, "WebSocket compression": off is the default, and what it advises where memory and speed count.
const options = { perMessageDeflate: false, clientTracking: false }
const isAsked = process.env.ASKED !== undefined
const webSockets = new WebSocketServer({ ...options, ...(isAsked ? { noServer: true } : { server }) })

// ws's README, "Client authentication".
if (isAsked) {
  server.on('upgrade', (request, socket, head) => {
    const failed = () => socket.destroy()
    socket.on('error', failed)
    mayConnect(request, (isWelcome) => {
      if (!isWelcome) return void socket.destroy()
      socket.off('error', failed)
      webSockets.handleUpgrade(request, socket, head, (each) => webSockets.emit('connection', each, request))
    })
  })
}

webSockets.on('connection', (socket) => {
  const id = randomUUID()
  sockets.set(id, socket)
  socket.on('message', (data) => {
    const text = String(data)
    const { action } = JSON.parse(text)
    if (action === 'whoami') socket.send(JSON.stringify({ connectionId: id }))
    else askBackend(text, (reply) => socket.send(reply))
  })
  socket.on('close', () => sockets.delete(id))
  socket.on('error', () => {})
})

listen(server)
