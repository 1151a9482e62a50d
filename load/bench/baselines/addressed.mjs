// Sockets that are found in a Map by an id, which a socket is told when it says something.
import { randomBytes } from 'node:crypto'
import { App } from './listen.mjs'

/** @typedef {{ id: string }} Data */
/** @type {Map<string, import('uWebSockets.js').WebSocket<Data>>} */
export const sockets = new Map()

/** An app with these sockets. */
export function addressedApp() {
  return App().ws('/*', {
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
}

/**
 * Reads the body of a request.
 * @param {import('uWebSockets.js').HttpResponse} res
 * @param {(body: Buffer) => void} done
 */
export function readBody(res, done) {
  /** @type {Buffer | null} */
  let body = null
  res.onAborted(() => {})
  res.onData((chunk, isLast) => {
    const part = Buffer.from(new Uint8Array(chunk))
    body = body === null ? part : Buffer.concat([body, part])
    if (isLast) done(body)
  })
}
