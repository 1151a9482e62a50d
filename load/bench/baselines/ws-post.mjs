// What post.mjs does, over node:http and ws.
import { randomBytes } from 'node:crypto'
import { listen } from './ws-listen.mjs'

/** @type {Map<string, import('ws').WebSocket>} */
const sockets = new Map()
const prefix = '/dev/@connections/'

listen(
  (socket) => {
    const id = `${randomBytes(11).toString('base64url')}=`
    sockets.set(id, socket)
    socket.on('error', () => {})
    socket.on('message', () => socket.send(JSON.stringify({ connectionId: id })))
    socket.on('close', () => sockets.delete(id))
  },
  (request, response) => {
    const id = decodeURIComponent(/** @type {string} */ (request.url).slice(prefix.length))
    /** @type {Buffer[]} */
    const chunks = []
    request.on('data', (chunk) => void chunks.push(chunk))
    request.on('end', () => {
      const socket = sockets.get(id)
      if (socket === undefined) response.statusCode = 410
      else socket.send(Buffer.concat(chunks), { binary: false })
      response.end()
    })
  },
)
