import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Program, startProgram } from './program.ts'

export interface BalancedNode {
  readonly name: string
  readonly port: number
  readonly managementPort: number
}

export interface Balancer {
  readonly port: number
  readonly program: Program
  stop(): Promise<void>
}

const documented = new URL('../../docs/examples/haproxy.cfg', import.meta.url)

/** HAProxy with docs/examples/haproxy.cfg as it stands, but for addresses and its log. Resolves once it takes clients. */
export async function startBalancer(haproxy: string, port: number, nodes: readonly BalancedNode[]): Promise<Balancer> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-haproxy-'))
  const file = join(folder, 'haproxy.cfg')
  const remove = () => rm(folder, { recursive: true, force: true })
  try {
    await writeFile(file, haproxyConfig(await readFile(documented, 'utf8'), port, nodes))
    const program = await startProgram({
      command: haproxy,
      args: ['-db', '-f', file],
      isReady: () => answers(`http://127.0.0.1:${port}/`),
    })
    return {
      port,
      program,
      async stop() {
        await program.stop('SIGTERM')
        await remove()
      },
    }
  } catch (error) {
    await remove()
    throw error
  }
}

/** Any number of servers in place of those of the example, each with its own management port. */
export function haproxyConfig(example: string, port: number, nodes: readonly BalancedNode[]): string {
  const servers = nodes.map(
    ({ name, port, managementPort }) => `  server ${name} 127.0.0.1:${port} port ${managementPort}\n`,
  )
  return example
    .replace(/^ *log .*\n/gm, '')
    .replace(/^ *option tcplog\n/m, '')
    .replace(/^( *bind ):8080$/m, `$1127.0.0.1:${port}`)
    .replace(/ check port 8081 /, ' check ')
    .replace(/^(?: *server \S+ \S+\n?)+/m, servers.join(''))
}

async function answers(url: string): Promise<boolean> {
  const response = await fetch(url)
  await response.arrayBuffer()
  return response.status < 500
}
