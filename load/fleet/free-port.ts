import { once } from 'node:events'
import { createServer } from 'node:net'

/** A port of loopback that nobody listened on a moment ago, for programs that can't choose one themselves. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}

const lowestFixed = 20_000
const highestFixed = 32_000

/** Free ports that no outgoing connection takes meanwhile: below those that the kernel gives away by itself. */
export async function fixedPorts(count: number): Promise<number[]> {
  const ports = new Set<number>()
  while (ports.size < count) ports.add(await fixedPort())
  return [...ports]
}

async function fixedPort(): Promise<number> {
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
