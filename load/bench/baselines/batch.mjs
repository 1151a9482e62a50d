// A loop over a batch: POST /dev/@batch sends each item's data to the socket that is found in a Map, and answers with a status
// for each.
import { addressedApp, readBody, sockets } from './addressed.mjs'
import { listen } from './listen.mjs'

listen(
  addressedApp().post('/dev/@batch', (res) =>
    readBody(res, (body) => {
      /** @type {{ connectionIds: string[], data: string }[]} */
      const items = JSON.parse(body.toString())
      const results = items.map(({ connectionIds: [id], data }) => {
        const socket = sockets.get(/** @type {string} */ (id))
        socket?.send(data)
        return { status: socket === undefined ? 410 : 200 }
      })
      res.writeHeader('Content-Type', 'application/json').end(JSON.stringify(results))
    }),
  ),
)
