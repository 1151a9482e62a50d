// Groups as topics: PUT and DELETE of /dev/@groups/{group}/connections/{id} subscribe and unsubscribe the socket that is found
// in a Map, POST of /dev/@groups/{group} publishes the body.
import { addressedApp, readBody, sockets } from './addressed.mjs'
import { listen } from './listen.mjs'

const app = addressedApp()
  .post('/dev/@groups/:group', (res, req) => {
    const group = decodeURIComponent(/** @type {string} */ (req.getParameter(0)))
    readBody(res, (body) => {
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
