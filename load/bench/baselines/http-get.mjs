// Asks the backend for what is asked for with undici's dispatch, the client's headers along, and passes its answer on.
import { Pool } from 'undici'
import { App, listen } from './listen.mjs'

const pool = new Pool(/** @type {string} */ (process.env.BACKEND), { connections: 128, pipelining: 1 })
/** The headers that are of one connection only, on either side. */
const ofConnection = new Set(['connection', 'content-length', 'host', 'keep-alive', 'transfer-encoding'])

listen(
  App().get('/web/pets/:id', (res, req) => {
    const query = req.getQuery()
    const path = `/v1/pets/${req.getParameter(0)}${query ? `?${query}` : ''}`
    /** @type {string[]} */
    const headers = []
    req.forEach((name, value) => {
      if (!ofConnection.has(name)) headers.push(name, value)
    })
    // What the gateway tells its backends: the client, and the rest as constants.
    const client = Buffer.from(res.getRemoteAddressAsText()).toString('latin1')
    headers.push('Forwarded', `for=${client};host=localhost;proto=http`, 'Via', 'HTTP/1.1 AmazonAPIGateway')
    headers.push('X-Amzn-Trace-Id', 'Root=1-691f8a2b-0123456789abcdef01234567')
    let isAborted = false
    let status = 0
    /** @type {Buffer[]} */
    let answered = []
    /** @type {Buffer[]} */
    const chunks = []
    res.onAborted(() => {
      isAborted = true
    })
    pool.dispatch(
      { path, method: 'GET', headers },
      {
        onConnect() {},
        onHeaders(code, raw) {
          status = code
          answered = raw
          return true
        },
        onData(chunk) {
          chunks.push(chunk)
          return true
        },
        onComplete() {
          if (isAborted) return
          res.cork(() => {
            res.writeStatus(String(status))
            for (let i = 0; i + 1 < answered.length; i += 2) {
              const name = /** @type {Buffer} */ (answered[i]).toString('latin1')
              if (!ofConnection.has(name.toLowerCase())) {
                res.writeHeader(name, /** @type {Buffer} */ (answered[i + 1]).toString('utf8'))
              }
            }
            res.writeHeader('apigw-requestid', 'JKJaXmPLvHcESHA=')
            res.end(Buffer.concat(chunks))
          })
        },
        onError(error) {
          throw error
        },
      },
    )
  }),
)
