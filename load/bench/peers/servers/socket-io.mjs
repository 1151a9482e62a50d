// A Socket.IO server with an HTTP endpoint beside it, as its documentation sets it up; several share a Redis.
import { createShardedAdapter } from '@socket.io/redis-adapter'
import { Redis } from 'ioredis'
import { Server } from 'socket.io'
import { askBackend, mayConnect } from './ask-backend.mjs'
import { createEndpoint, listen } from './http-endpoint.mjs'

const { ROOM: room, REDIS: redis, ASKED: asked } = process.env

const server = createEndpoint((path, body) => {
  io.to(path.slice('/to/'.length)).emit('message', body.toString('utf8'))
  return 200
})

// "Server options": no long polling, which is not measured; compression is off by default; `allowRequest` decides about a
// handshake.
const io = new Server(server, {
  ...{ transports: ['websocket'], serveClient: false, perMessageDeflate: false },
  ...(asked !== undefined && {
    allowRequest: (request, decide) => mayConnect(request, (isWelcome) => decide(null, isWelcome)),
  }),
})

// "Memory usage": the handshake's request is not kept.
io.engine.on('connection', (rawSocket) => {
  rawSocket.request = null
})

io.on('connection', (socket) => {
  if (room !== undefined) socket.join(room)
  socket.on('ask', (text, reply) => askBackend(text, reply))
})

if (redis !== undefined) {
  // "Redis adapter": the sharded adapter from Redis 7 on; "dynamic-private" where single sockets are emitted to a lot.
  const publisher = new Redis(redis)
  io.adapter(createShardedAdapter(publisher, publisher.duplicate(), { subscriptionMode: 'dynamic-private' }))
}

listen(server)
