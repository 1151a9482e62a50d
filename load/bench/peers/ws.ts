import type { Peer } from './contract.ts'
import { packageVersion } from './installed.ts'
import { startPeerServer } from './node-server.ts'
import { message } from './works.ts'

const whoami = '{"action":"whoami"}'
const request = { path: '/push/{address}', contentType: 'application/json', body: message, status: 200 }
const start = startPeerServer('ws.mjs')

/** The library that most WebSocket servers of Node.js stand on, with the little around it that the works need. */
export const ws: Peer = {
  name: 'ws',
  install: 'npm ci',
  setUp:
    'One process of Node.js: sockets in a Map, node:http for the posts, undici’s `dispatch` for the backend; compression off, as its README advises. No ids, limits, checks or metrics: what is left when only the operation is.',
  version: () => packageVersion('ws'),
  works: {
    push: { start, load: { whoami, request } },
    'push-across': { cannot: 'has no way from one process to another' },
    'fan-out': {
      start,
      load: { request: { ...request, path: '/all' } },
      note: 'a loop over all sockets',
    },
    'fan-out-8': { start, load: { request: { ...request, path: '/all' } }, note: 'a loop over all sockets' },
    message: { start, load: {} },
    accept: { start, load: {} },
    'accept-asked': {
      start: startPeerServer('ws.mjs', { ASKED: 'yes' }),
      load: {},
      note: 'undici by hand before the handshake is answered (README, “Client authentication”)',
    },
    idle: { start, load: {} },
  },
}
