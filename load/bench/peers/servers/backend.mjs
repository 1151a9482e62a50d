// The backend behind all peers: raw uWebSockets.js. POST /message is answered with a constant; /connect lets everybody in;
// POST /ws/{channel} speaks what Pushpin sends, WebSocket-over-HTTP: a body of events, each "TYPE size\r\ncontent\r\n" or
// "TYPE\r\n".
import { App, listen } from '../../baselines/listen.mjs'

const pong = '{"type":"pong"}'
const eventsType = 'application/websocket-events'

/** @param {string} type @param {string} content */
const event = (type, content) => `${type} ${Buffer.byteLength(content).toString(16)}\r\n${content}\r\n`

/**
 * Pushpin's "WebSockets" page: a socket subscribes to a channel with a control message behind OPEN.
 * @param {Buffer} body
 * @param {string} channel
 */
function answer(body, channel) {
  let out = ''
  let at = 0
  while (at < body.length) {
    const lineEnd = body.indexOf('\r\n', at)
    const [type, size] = body.toString('latin1', at, lineEnd).split(' ')
    at = lineEnd + 2 + (size === undefined ? 0 : Number.parseInt(size, 16) + 2)
    if (type === 'OPEN') out += `OPEN\r\n${event('TEXT', `c:${JSON.stringify({ type: 'subscribe', channel })}`)}`
    else if (type === 'TEXT') out += event('TEXT', pong)
  }
  return out
}

listen(
  App()
    .get('/*', (res) => {
      res.end('ready')
    })
    .any('/connect', (res) => {
      res.endWithoutBody(0)
    })
    .post('/message', (res) => {
      res.onAborted(() => {})
      res.onData((_, isLast) => {
        if (isLast) res.writeHeader('Content-Type', 'application/json').end(pong)
      })
    })
    .post('/ws/:channel', (res, req) => {
      const channel = /** @type {string} */ (req.getParameter(0))
      /** @type {Buffer[]} */
      const chunks = []
      res.onAborted(() => {})
      res.onData((chunk, isLast) => {
        chunks.push(Buffer.from(new Uint8Array(chunk)))
        if (!isLast) return
        res.cork(() => {
          res.writeHeader('Content-Type', eventsType)
          // Without a prefix, messages to the client stand as they are.
          res.writeHeader('Sec-WebSocket-Extensions', 'grip; message-prefix=""')
          res.end(answer(Buffer.concat(chunks), channel))
        })
      })
    }),
)
