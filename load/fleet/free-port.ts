import { once } from 'node:events'
import { createServer } from 'node:net'

const lowestFixed = 20_000
const highestFixed = 32_000

/** Free ports of loopback, as `freePort` gives them, none of them twice. */
export async function fixedPorts(count: number): Promise<number[]> {
  const ports = new Set<number>()
  while (ports.size < count) ports.add(await freePort())
  return [...ports]
}

/**
 * A port of loopback that nobody listened on a moment ago, for programs that can't choose one themselves. It is below
 * those that the kernel gives away by itself, so that no outgoing connection, and nobody who takes any port, gets it
 * meanwhile.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = lowestFixed + Math.floor(Math.random() * (highestFixed - lowestFixed))
    const server = createServer().listen(port, '127.0.0.1')
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    )
    if (!isFree) continue
    server.close()
    await once(server, 'close')
    return port
  }
}
