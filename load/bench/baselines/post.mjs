// Reads the body of POST /dev/@connections/{id}, finds the socket in a Map by the id, and sends.
import { addressedApp, readBody, sockets } from './addressed.mjs'
import { listen } from './listen.mjs'

listen(
  addressedApp().post('/dev/@connections/:id', (res, req) => {
    const id = decodeURIComponent(/** @type {string} */ (req.getParameter(0)))
    readBody(res, (body) => {
      const socket = sockets.get(id)
      if (socket === undefined) res.writeStatus('410 Gone').end()
      else {
        socket.send(body, false)
        res.end()
      }
    })
  }),
)
