// What post.mjs does, over the gateway's transport and nothing else of it: shows the transport's own share.
import { randomBytes } from 'node:crypto'
import { loadTransport } from '../../../src/transport/uws/uws-transport.ts'
import { silentLog, transportOptions } from './transport.mjs'

/** @typedef {{ id: string, socket: import('../../../src/transport/contract.ts').Socket | null }} Peer */

/** @type {Map<string, Peer>} */
const peers = new Map()
const prefix = '/dev/@connections/'
const createTransport = await loadTransport({ environment: process.env, log: silentLog })

const transport = createTransport(transportOptions, {
  upgrade(upgrade) {
    /** @type {Peer} */
    const peer = { id: `${randomBytes(11).toString('base64url')}=`, socket: null }
    peer.socket = upgrade.accept(peer, { protocol: null, compression: false })
    peers.set(peer.id, peer)
  },
  message: (peer) => void peer.socket?.send(JSON.stringify({ connectionId: peer.id }), false),
  pinged() {},
  close: (peer) => void peers.delete(peer.id),
  request(exchange) {
    const id = decodeURIComponent(exchange.request.path.slice(prefix.length))
    exchange.readBody(131_072, (body) => {
      peers.get(id)?.socket?.send(body ?? '', false)
      exchange.respond(200, [['x-amzn-RequestId', '01234567-89ab-cdef-0123-456789abcdef']], null)
    })
  },
})
console.log(JSON.stringify({ port: await transport.listen() }))
