// Accepts every handshake over ws; also the baseline of idle connections on Node.
import { listen } from './ws-listen.mjs'

listen((socket) => {
  socket.on('message', () => {})
  socket.on('error', () => {})
})
