// Accepts every handshake; also the baseline of idle connections.
import { App, listen } from './listen.mjs'

listen(
  App().ws('/*', {
    maxPayloadLength: 131_072,
    maxBackpressure: 1_048_576,
    message() {},
  }),
)
