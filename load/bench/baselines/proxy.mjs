// Parses each message as JSON, posts it to the backend with undici's dispatch, and answers with the backend's body.
import { Pool } from 'undici'
import { App, listen } from './listen.mjs'

const pool = new Pool(/** @type {string} */ (process.env.BACKEND), { connections: 128, pipelining: 1 })
// The same exchange: what the gateway tells its backends, as constants.
const headers = {
  'User-Agent': 'AmazonAPIGateway_bench',
  'x-amzn-apigateway-api-id': 'bench',
  'Content-Type': 'application/json',
  'X-Amzn-Trace-Id': 'Root=1-691f8a2b-0123456789abcdef01234567',
}

/**
 * @param {string} body
 * @param {(text: string) => void} done
 */
function exchange(body, done) {
  /** @type {Buffer[]} */
  const chunks = []
  pool.dispatch(
    { path: '/message', method: 'POST', headers, body },
    {
      onConnect() {},
      onHeaders: () => true,
      onData(chunk) {
        chunks.push(chunk)
        return true
      },
      onComplete: () => done(Buffer.concat(chunks).toString('utf8')),
      onError(error) {
        throw error
      },
    },
  )
}

listen(
  App().ws('/*', {
    maxPayloadLength: 131_072,
    maxBackpressure: 1_048_576,
    open(ws) {
      ws.getUserData().isOpen = true
    },
    message(ws, message) {
      const text = Buffer.from(message).toString('utf8')
      const { action } = JSON.parse(text)
      if (action !== 'proxy') return
      exchange(text, (body) => {
        if (ws.getUserData().isOpen) ws.send(body)
      })
    },
    close(ws) {
      ws.getUserData().isOpen = false
    },
  }),
)
