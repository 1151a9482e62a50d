// The HTTP backend behind the proxy row: the same process serves gateway and baseline.
import { App, listen } from './listen.mjs'

listen(
  App().post('/message', (res) => {
    res.onAborted(() => {})
    res.onData((_, isLast) => {
      if (isLast) res.writeHeader('Content-Type', 'application/json').end('{"type":"pong"}')
    })
  }),
)
