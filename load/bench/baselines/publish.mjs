// Groups as topics: PUT and DELETE of /dev/@groups/{group}/connections/{id} subscribe and unsubscribe the socket that is found
// in a Map, POST of /dev/@groups/{group} publishes the body.
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
  .post('/dev/@groups/:group', (res, req) => {
    const group = decodeURIComponent(/** @type {string} */ (req.getParameter(0)))
    /** @type {Buffer | null} */
    let body = null
    res.onAborted(() => {})
    res.onData((chunk, isLast) => {
      const part = Buffer.from(new Uint8Array(chunk))
      body = body === null ? part : Buffer.concat([body, part])
      if (!isLast) return
      app.publish(group, body, false)
      res.writeStatus('202 Accepted').end()
    })
  })
  .put('/dev/@groups/:group/connections/:id', (res, req) => change(res, req, 'subscribe'))
  .del('/dev/@groups/:group/connections/:id', (res, req) => change(res, req, 'unsubscribe'))

/**
 * @param {import('uWebSockets.js').HttpResponse} res
 * @param {import('uWebSockets.js').HttpRequest} req
 * @param {'subscribe' | 'unsubscribe'} call
 */
function change(res, req, call) {
  const group = decodeURIComponent(/** @type {string} */ (req.getParameter(0)))
  const socket = sockets.get(decodeURIComponent(/** @type {string} */ (req.getParameter(1))))
  socket?.[call](group)
  res.writeStatus(socket === undefined ? '410 Gone' : '204 No Content').endWithoutBody()
}

listen(app)
