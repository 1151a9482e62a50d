import type { HttpResponse, us_listen_socket } from 'uWebSockets.js'
import { randomUUID } from 'node:crypto'
import { connect } from 'node:net'

type Uws = typeof import('uWebSockets.js')

/**
 * A cork of uWebSockets.js that belongs to no client.
 *
 * `response.cork` must not hold a `response.upgrade`: when its handler is done it still takes the socket for an HTTP
 * response, unless the upgrade moved it in memory, and reads "close this" from memory that is freed or holds something
 * else by then, so that a client may be closed right after its 101 (uWebSockets issue 1928; mended by its pull request
 * 1929, which is later than the build we have). Without any cork, each write complains on stderr. While another
 * socket holds the cork neither happens, and what is written goes to the kernel piece by piece.
 */
export interface ForeignCork {
  run(write: () => void): void
  /** Gives the cork up and closes its connection. Safe to call twice. */
  close(): void
}

/** Opens a connection to ourselves, whose request stays unanswered; nobody listens any more when this resolves. */
export async function openForeignCork(uws: Uws): Promise<ForeignCork> {
  const path = `/${randomUUID()}`
  const app = uws.App()
  let held: HttpResponse | null = null
  const arrived = new Promise<void>((resolve) => {
    app.any('/*', (response, request) => {
      // Somebody else on this machine may have found the port.
      if (request.getUrl() !== path) return void response.close()
      response.onAborted(() => {
        held = null
      })
      held = response
      resolve()
    })
  })
  const listening = listenOnLoopback(uws, app)
  const socket = connect(uws.us_socket_local_port(listening), '127.0.0.1')
  socket.unref()
  const failed = new Promise<never>((_, reject) => socket.on('error', reject))
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
  await Promise.race([arrived, failed])
  uws.us_listen_socket_close(listening)
  return {
    run(write) {
      if (held === null) write()
      else held.cork(write)
    },
    close() {
      socket.destroy()
      app.close()
    },
  }
}

function listenOnLoopback(uws: Uws, app: ReturnType<Uws['App']>): us_listen_socket {
  let listening: us_listen_socket | false = false
  app.listen('127.0.0.1', 0, uws.LIBUS_LISTEN_EXCLUSIVE_PORT, (socket) => {
    listening = socket
  })
  if (listening === false) throw new Error("can't listen on 127.0.0.1, which the gateway needs for itself")
  return listening
}
