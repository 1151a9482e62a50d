// What a message handler of a Node.js library does with a backend: undici at its lowest level, as cheap as it gets.
import { Pool } from 'undici'

const pool = new Pool(/** @type {string} */ (process.env.BACKEND), { connections: 128, pipelining: 1 })
const headers = { 'Content-Type': 'application/json' }

/**
 * Posts a message and hands over the answer.
 * @param {string} body
 * @param {(text: string) => void} done
 */
export function askBackend(body, done) {
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
