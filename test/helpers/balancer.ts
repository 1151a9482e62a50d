import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fixedPorts } from '../../load/fleet/free-port.ts'
import { findExecutable } from '../../scripts/executables.ts'

/** One TCP session as the balancer logged it when it was over. */
export interface BalancedSession {
  /** Name of the server in the configuration; `<NOSRV>` when none took it. */
  readonly server: string
  /**
   * The side that ended the session, and when: two letters of HAProxy's "session state at disconnection", `--` for an
   * orderly end.
   */
  readonly state: string
  /** Number of failed tries to reach a server. */
  readonly retries: number
}

/** A real HAProxy with the configuration of the docs. */
export interface Balancer {
  readonly port: number
  /** Sessions that are over. */
  readonly sessions: readonly BalancedSession[]
  /** Log lines of the balancer: servers going up and down, and whatever else it said. */
  readonly notices: readonly string[]
  close(): Promise<void>
}

export interface BalancedNode {
  readonly port: number
  readonly managementPort: number
}

const documented = new URL('../../docs/examples/haproxy.cfg', import.meta.url)

/**
 * Starts HAProxy with docs/examples/haproxy.cfg as it stands, but for the addresses; three nodes. Resolves when it
 * sends clients to all.
 */
export async function startBalancer(nodes: readonly BalancedNode[]): Promise<Balancer> {
  const program = findExecutable('haproxy')
  if (program === null) throw new Error('haproxy is not on PATH: sudo apt-get install haproxy')
  const directory = await mkdtemp(join(tmpdir(), 'postern-haproxy-'))
  const [port = 0] = await fixedPorts(1)
  const file = join(directory, 'haproxy.cfg')
  await writeFile(file, withAddresses(await readFile(documented, 'utf8'), port, nodes))
  const child = spawn(program, ['-db', '-f', file], { stdio: ['ignore', 'pipe', 'pipe'] })
  const sessions: BalancedSession[] = []
  const notices: string[] = []
  createInterface({ input: child.stdout }).on('line', (line) => {
    const session = readSession(line)
    if (session === null) notices.push(line)
    else sessions.push(session)
  })
  createInterface({ input: child.stderr }).on('line', (line) => notices.push(line))
  await answers(port, child, notices)
  return {
    port,
    sessions,
    notices,
    async close() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM')
        await once(child, 'close')
      }
      await rm(directory, { recursive: true, force: true })
    },
  }
}

function withAddresses(text: string, port: number, nodes: readonly BalancedNode[]): string {
  let next = 0
  const changed = text
    .replace(/^( *bind ):8080$/m, `$1127.0.0.1:${port}`)
    .replace(/ check port 8081 /, ' check ')
    .replaceAll(/^( *server \S+) 10\.0\.0\.\d+:8080$/gm, (_line, start: string) => {
      const node = nodes[next++]
      if (node === undefined) throw new Error('the configuration has more servers than there are nodes')
      return `${start} 127.0.0.1:${node.port} port ${node.managementPort}`
    })
  if (next !== nodes.length || /:80\d\d$|port 8081/m.test(changed)) throw new Error(`addresses are left:\n${changed}`)
  return changed
}

/**
 * A line of `option tcplog`: client, time, frontend, backend/server, times, bytes, state, counts of connections and
 * tries.
 */
function readSession(line: string): BalancedSession | null {
  const [, server, state, retries] =
    /^\S+ \[[^\]]+\] \S+ [^/ ]+\/(\S+) [-\d]+\/[-\d]+\/\+?\d+ \+?\d+ (\S\S) (?:\d+\/){4}\+?(\d+) /.exec(line) ?? []
  if (server === undefined || state === undefined) return null
  return { server, state, retries: Number(retries) }
}

async function answers(port: number, child: ChildProcess, notices: readonly string[]): Promise<void> {
  while (child.exitCode === null) {
    const status = await fetch(`http://127.0.0.1:${port}/`).then(
      (response) => response.status,
      () => null,
    )
    if (status !== null) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`haproxy ended with ${child.exitCode}:\n${notices.join('\n')}`)
}
