import type { Peer } from './contract.ts'
import { packageVersion } from './installed.ts'
import { startPeerServer } from './node-server.ts'
import { startTwoNodes } from './two-nodes.ts'
import { message, pong } from './works.ts'

/** Engine.IO 4 over WebSocket alone. */
const path = '/socket.io/?EIO=4&transport=websocket'
const dialect = 'socket.io'
const room = 'kitchen'
const request = { path: '/to/{address}', contentType: 'application/json', body: message, status: 200 }
/** Socket.IO 5: packet type 4 (message), 2 (event), then the event's name and arguments as JSON. */
const event = `42${JSON.stringify(['message', message])}`
/** The same with an id, 0, by which the server acknowledges it; packet type 3 is the acknowledgement. */
const ask = `420${JSON.stringify(['ask', message])}`
const acknowledgement = `430${JSON.stringify([pong])}`

const start = startPeerServer('socket-io.mjs')

/** Rooms, events and acknowledgements over WebSockets. */
export const socketIo: Peer = {
  name: 'Socket.IO',
  install: 'npm ci',
  setUp:
    'Its default server (`ws`) on node:http, WebSocket transport only, the handshake’s request dropped (“Memory usage”); several nodes through its sharded Redis adapter with `dynamic-private` (“Redis adapter”) and ioredis. Not used: eiows and the native add-ons of ws (“Performance tuning”), which need a compiler on some machines. The message travels as a string in an event, which is longer than 90 bytes.',
  version: async () => {
    const [server, adapter] = await Promise.all(['socket.io', '@socket.io/redis-adapter'].map(packageVersion))
    return server == null || adapter == null ? null : `${server}, Redis adapter ${adapter}`
  },
  works: {
    push: { start, load: { path, dialect, request, frameBytes: event.length } },
    'push-across': {
      start: (site) => startTwoNodes((REDIS) => startPeerServer('socket-io.mjs', { REDIS })(site)),
      load: { path, dialect, request, frameBytes: event.length },
      note: 'two nodes; the answer is given before the frame is on its way, and does not say whether the client is there',
    },
    'fan-out': {
      start: startPeerServer('socket-io.mjs', { ROOM: room }),
      load: { path, dialect, request: { ...request, path: `/to/${room}` }, frameBytes: event.length },
      note: 'a room',
    },
    'fan-out-8': {
      start: startPeerServer('socket-io.mjs', { ROOM: room }),
      load: { path, dialect, request: { ...request, path: `/to/${room}` }, frameBytes: event.length },
      note: 'a room',
    },
    message: {
      start,
      load: { path, dialect, message: ask, replyBytes: acknowledgement.length },
      note: 'an event with an acknowledgement',
    },
    accept: { start, load: { path, dialect }, note: 'until the namespace is joined: two more messages each way' },
    'accept-asked': {
      start: startPeerServer('socket-io.mjs', { ASKED: 'yes' }),
      load: { path, dialect },
      note: 'undici by hand in `allowRequest`; then as above',
    },
    idle: { start, load: { path, dialect } },
  },
}
