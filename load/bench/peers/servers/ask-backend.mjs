// What a message handler of a Node.js library does with a backend: undici at its lowest level, as cheap as it gets.
import { Pool } from 'undici'

const pool = new Pool(/** @type {string} */ (process.env.BACKEND), { connections: 128, pipelining: 1 })
const json = { 'Content-Type': 'application/json' }
/** The headers of a handshake that concern this connection alone. */
const left = /^(?:host|connection|upgrade|sec-websocket-.*)$/

/**
 * Posts a message and hands over the answer.
 * @param {string} body
 * @param {(text: string) => void} done
 */
export function askBackend(body, done) {
  post('/message', json, body, (_, text) => done(text))
}

/**
 * Asks whether a client may connect, and hands the headers of its handshake on.
 * @param {import('node:http').IncomingMessage} request
 * @param {(isWelcome: boolean) => void} done
 */
export function mayConnect(request, done) {
  /** @type {Record<string, string>} */
  const headers = {}
  for (const [name, value] of Object.entries(request.headers)) if (!left.test(name)) headers[name] = String(value)
  post('/connect', headers, null, (status) => done(status === 200))
}

/**
 * @param {string} path
 * @param {Record<string, string>} headers
 * @param {string | null} body
 * @param {(status: number, text: string) => void} done
 */
function post(path, headers, body, done) {
  /** @type {Buffer[]} */
  const chunks = []
  let status = 0
  pool.dispatch(
    { path, method: 'POST', headers, body },
    {
      onConnect() {},
      onHeaders(code) {
        status = code
        return true
      },
      onData(chunk) {
        chunks.push(chunk)
        return true
      },
      onComplete: () => done(status, Buffer.concat(chunks).toString('utf8')),
      onError(error) {
        throw error
      },
    },
  )
}
