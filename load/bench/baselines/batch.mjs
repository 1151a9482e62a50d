// A loop over a batch: POST /dev/@batch sends each item's data to the socket that is found in a Map, and answers with a status
// for each.
import { randomBytes } from 'node:crypto'
import { App, listen } from './listen.mjs'

/** @typedef {{ id: string }} Data */
/** @type {Map<string, import('uWebSockets.js').WebSocket<Data>>} */
const sockets = new Map()

const app = App()
  .ws('/*', {
    maxPayloadLength: 131_072,
    maxBackpressure: 1_048_576,
    upgrade(res, req, context) {
      const id = `${randomBytes(11).toString('base64url')}=`
      res.upgrade({ id }, req.getHeader('sec-websocket-key'), '', '', context)
    },
    open(ws) {
      sockets.set(ws.getUserData().id, ws)
    },
    message(ws) {
      ws.send(JSON.stringify({ connectionId: ws.getUserData().id }))
    },
    close(ws) {
      sockets.delete(ws.getUserData().id)
    },
  })
  .post('/dev/@batch', (res) => {
    /** @type {Buffer[]} */
    const parts = []
    res.onAborted(() => {})
    res.onData((chunk, isLast) => {
      parts.push(Buffer.from(new Uint8Array(chunk)))
      if (!isLast) return
      /** @type {{ connectionIds: string[], data: string }[]} */
      const items = JSON.parse(Buffer.concat(parts).toString())
      const results = items.map(({ connectionIds: [id], data }) => {
        const socket = sockets.get(/** @type {string} */ (id))
        socket?.send(data)
        return { status: socket === undefined ? 410 : 200 }
      })
      res.writeHeader('Content-Type', 'application/json').end(JSON.stringify(results))
    })
  })

listen(app)
