// What message.mjs does, over ws.
import { listen } from './ws-listen.mjs'

const reply = '{"type":"pong"}'

listen((socket) => {
  socket.on('error', () => {})
  socket.on('message', (message) => {
    const { action } = JSON.parse(message.toString())
    socket.send(action === 'ping' ? reply : '{}')
  })
})
