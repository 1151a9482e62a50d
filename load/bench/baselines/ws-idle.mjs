// Accepts every handshake over ws, and knows nothing of who it was: the baseline of idle connections on Node.
import { listen } from './ws-listen.mjs'

listen((socket) => {
  socket.on('message', () => {})
  socket.on('error', () => {})
})
