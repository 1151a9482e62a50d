import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer, type Socket } from 'node:net'

/** A TCP proxy that hands everything on late, in both directions. */
export interface SlowProxy {
  readonly port: number
  /** Milliseconds in each direction. */
  delay: number
  close(): Promise<void>
}

export async function startSlowProxy(target: number): Promise<SlowProxy> {
  const sockets = new Set<Socket>()
  const proxy = { port: 0, delay: 0, close }

  function pipe(from: Socket, to: Socket): void {
    from.on('data', (chunk: Buffer) => setTimeout(() => to.write(chunk), proxy.delay))
    from.on('close', () => setTimeout(() => to.destroy(), proxy.delay))
    from.on('error', () => {})
    from.setNoDelay(true)
    sockets.add(from)
  }

  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1')
    pipe(near, far)
    pipe(far, near)
  })

  async function close(): Promise<void> {
    for (const socket of sockets) socket.destroy()
    server.close()
    await once(server, 'close')
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  proxy.port = (server.address() as AddressInfo).port
  return proxy
}
