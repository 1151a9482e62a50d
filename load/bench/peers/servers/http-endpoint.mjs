// The HTTP side of peers that are Node.js libraries: POST alone, with keep-alive.
import { createServer } from 'node:http'

process.on('SIGTERM', () => process.exit())

/**
 * A server of node:http that hands each POST's path and body to `post`, which answers with a status.
 * @param {(path: string, body: Buffer) => number} post
 */
export function createEndpoint(post) {
  const server = createServer((request, response) => {
    /** @type {Buffer[]} */
    const chunks = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      const status = request.method === 'POST' ? post(/** @type {string} */ (request.url), Buffer.concat(chunks)) : 404
      response.writeHead(status, { 'Content-Length': 0 }).end()
    })
  })
  // Node.js documentation, "HTTP", server.keepAliveTimeout: 0 for never; posters rest while other peers have their turn.
  server.keepAliveTimeout = 0
  return server
}

/**
 * Listens on a free port of loopback and says on which.
 * @param {import('node:http').Server} server
 */
export function listen(server) {
  // Node.js documentation, "Net", server.listen: a longer backlog, for many clients that connect at once.
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
    const address = /** @type {import('node:net').AddressInfo} */ (server.address())
    console.log(JSON.stringify({ port: address.port }))
  })
}
