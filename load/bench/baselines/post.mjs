// Reads the body of POST /dev/@connections/{id}, finds the socket in a Map by the id, and sends.
import { randomBytes } from 'node:crypto'
import { App, listen } from './listen.mjs'

/** @type {Map<string, import('uWebSockets.js').WebSocket<{ id: string }>>} */
const sockets = new Map()

listen(
  App()
    .ws('/*', {
      maxPayloadLength: 131_072,
      maxBackpressure: 1_048_576,
      upgrade(res, req, context) {
        const id = `${randomBytes(11).toString('base64url')}=`
        const key = req.getHeader('sec-websocket-key')
        res.upgrade({ id }, key, '', '', context)
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
    .post('/dev/@connections/:id', (res, req) => {
      const id = decodeURIComponent(/** @type {string} */ (req.getParameter(0)))
      /** @type {Buffer | null} */
      let body = null
      res.onAborted(() => {})
      res.onData((chunk, isLast) => {
        const part = Buffer.from(new Uint8Array(chunk))
        body = body === null ? part : Buffer.concat([body, part])
        if (!isLast) return
        const socket = sockets.get(id)
        if (socket === undefined) res.writeStatus('410 Gone').end()
        else {
          socket.send(body, false)
          res.end()
        }
      })
    }),
)
