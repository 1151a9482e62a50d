// Parses each message as JSON, looks at its action, and answers with a constant.
import { App, listen } from './listen.mjs'

const reply = '{"type":"pong"}'

listen(
  App().ws('/*', {
    maxPayloadLength: 131_072,
    maxBackpressure: 1_048_576,
    message(ws, message) {
      const { action } = JSON.parse(Buffer.from(message).toString('utf8'))
      ws.send(action === 'ping' ? reply : '{}')
    },
  }),
)
