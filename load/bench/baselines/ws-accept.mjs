// Accepts handshakes over ws as a server does that can send to its clients later: pages of another host are kept out, and the
// socket is in a Map until it closes, under an id, with the address that every event about it tells.
import { randomUUID } from 'node:crypto'
import { listen } from './ws-listen.mjs'

/** @type {Map<string, { socket: import('ws').WebSocket, address: string | undefined, since: number }>} */
const clients = new Map()

listen((socket, { headers: { origin, host }, socket: { remoteAddress: address } }) => {
  socket.on('error', () => {})
  if (origin !== undefined && origin !== `http://${host}`) return socket.close(1008)
  const id = randomUUID()
  clients.set(id, { socket, address, since: Date.now() })
  socket.on('message', () => {})
  socket.on('close', () => clients.delete(id))
})
