// Sends back what comes. The bare server that load/ceiling.yaml is played against: what it shows is the client's limit.
import { App, listen } from './listen.mjs'

listen(
  App().ws('/*', {
    maxPayloadLength: 131_072,
    maxBackpressure: 16_777_216,
    message(ws, message, isBinary) {
      ws.send(message, isBinary)
    },
  }),
)
