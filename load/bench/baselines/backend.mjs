// The HTTP backend behind the rows of proxies: the same process serves gateway and baseline.
import { App, listen } from './listen.mjs'

listen(
  App()
    .get('/v1/pets/:id', (res) => {
      res.writeHeader('Content-Type', 'application/json').writeHeader('ETag', '"1"').end('{"id":7,"name":"Rex"}')
    })
    .post('/message', (res) => {
      res.onAborted(() => {})
      res.onData((_, isLast) => {
        if (isLast) res.writeHeader('Content-Type', 'application/json').end('{"type":"pong"}')
      })
    }),
)
