import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer, type Socket } from 'node:net'

/** A TCP proxy that hands everything on late, or for a while not at all, in both directions. */
export interface SlowProxy {
  readonly port: number
  /** Delay in milliseconds in each direction. */
  delay: number
  /** Number of connections that the proxy has accepted since it began. */
  readonly accepted: number
  /** Swallows everything from now on, and says nothing of it: connections stand, and new ones are made. */
  cut(): void
  /** Hands over what has waited, also of those that gave up meanwhile. */
  heal(): void
  close(): Promise<void>
}

export async function startSlowProxy(target: number): Promise<SlowProxy> {
  const sockets = new Set<Socket>()
  let dark = false
  let accepted = 0

  function pipe(from: Socket, to: Socket): void {
    from.on('data', (chunk: Buffer) => setTimeout(() => to.write(chunk), proxy.delay))
    from.on('close', () => {
      sockets.delete(from)
      setTimeout(() => to.destroy(), proxy.delay)
    })
    from.on('error', () => {})
    from.setNoDelay(true)
    if (dark) from.pause()
    sockets.add(from)
  }

  const server = createServer((near) => {
    accepted++
    const far = connect(target, '127.0.0.1')
    pipe(near, far)
    pipe(far, near)
  })

  const proxy = {
    port: 0,
    delay: 0,
    get accepted() {
      return accepted
    },
    cut() {
      dark = true
      for (const socket of sockets) socket.pause()
    },
    heal() {
      dark = false
      for (const socket of sockets) socket.resume()
    },
    async close(): Promise<void> {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  proxy.port = (server.address() as AddressInfo).port
  return proxy
}
