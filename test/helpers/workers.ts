import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { stringify } from 'yaml'
import { type Backend, startBackend } from './backend.ts'
import { Client, type Closed } from './client.ts'
import { says, tells } from './definitions.ts'
import { readMetrics } from './metrics.ts'
import { type Definition, minimalApi } from './postern.ts'
import { type GatewayProcess, startProcess } from './process.ts'

export interface WorkersClient {
  readonly id: string
  readonly client: Client
  /** The closes of the connection, as the client saw them. */
  readonly closes: Closed[]
}

/** `postern start --workers`, with one API whose `$disconnect`s a backend counts. */
export interface WorkersProcess extends GatewayProcess {
  readonly backend: Backend
  /** Folder of the definition. */
  readonly directory: string
  readonly url: string
  /** URL of the management port. */
  readonly management: string
  /** Writes the definition anew; `reply` is what its clients are answered, `stage` the settings of its stage. */
  define(reply: string, stage?: object): Promise<void>
  /** Writes something that is no definition in place of it. */
  breakDefinition(): Promise<void>
  /** The text of `postern.yaml`, for what the flags do not say. */
  configure(settings: object): Promise<void>
  /** The processes that run now, by the name of their worker; the newest where there are two. */
  pids(): ReadonlyMap<string, number>
  /** All processes that were ever seen. */
  readonly seen: ReadonlySet<number>
  connect(count: number): Promise<WorkersClient[]>
  post(id: string, body: string): Promise<number>
  /** Codes that `$disconnect` was called with, by connection. */
  disconnects(): ReadonlyMap<string, string[]>
  metric(name: string): Promise<number | undefined>
  readyz(): Promise<{ status: number; ready: boolean; reasons: string[] }>
  /** Log lines of this message. */
  logLines(message: string): Record<string, unknown>[]
  close(): Promise<void>
}

const definitionOf = (backend: Backend, reply: string, stage: object): Definition => ({
  ...minimalApi,
  stages: { dev: stage },
  routes: {
    $default: says(reply),
    $disconnect: tells(`${backend.url}/disconnect`, { code: 'disconnectStatusCode', id: 'connectionId' }),
  },
})

export async function startWorkers(
  args: readonly string[],
  env: Record<string, string> = {},
  settings: object = {},
): Promise<WorkersProcess> {
  const backend = await startBackend()
  const directory = await mkdtemp(join(tmpdir(), 'postern-workers-'))
  const define = (reply: string, stage = {}) =>
    writeFile(join(directory, 'api.yaml'), stringify(definitionOf(backend, reply, stage)))
  const configure = (given: object) => writeFile(join(directory, 'postern.yaml'), stringify(given))
  await define('$context.connectionId')
  await configure(settings)
  const cleanUp = async () => {
    await backend.close()
    await rm(directory, { recursive: true, force: true })
  }
  const gateway = await startProcess(
    [directory, '--config', join(directory, 'postern.yaml'), '--worker-name', 'w', ...args],
    env,
  ).catch(async (error) => {
    await cleanUp()
    throw error
  })
  const url = `ws://127.0.0.1:${gateway.port}/test/dev`
  const management = `http://127.0.0.1:${gateway.managementPort}`
  const seen = new Set<number>()
  const pids = () => {
    const found = workerPids(gateway.child.pid as number)
    for (const pid of found.values()) seen.add(pid)
    return found
  }
  pids()
  return {
    ...gateway,
    ...{ backend, directory, url, management, define, configure, pids, seen },
    breakDefinition: () => writeFile(join(directory, 'api.yaml'), 'apiId: [\n'),
    connect: (count) => Promise.all(Array.from({ length: count }, () => connect(url))),
    async post(id, body) {
      const path = `/test/dev/@connections/${encodeURIComponent(id)}`
      return (await fetch(`http://127.0.0.1:${gateway.port}${path}`, { method: 'POST', body })).status
    },
    disconnects() {
      const codes = new Map<string, string[]>()
      for (const { url: path, headers } of backend.calls) {
        if (path !== '/disconnect') continue
        codes.set(String(headers.id), [...(codes.get(String(headers.id)) ?? []), String(headers.code)])
      }
      return codes
    },
    metric: async (name) => (await readMetrics(gateway.managementPort)).get(name),
    async readyz() {
      const response = await fetch(`${management}/readyz`)
      return { status: response.status, ...((await response.json()) as { ready: boolean; reasons: string[] }) }
    },
    logLines: (message) =>
      gateway.lines.filter((line) => line.includes(`"msg":"${message}"`)).map((line) => JSON.parse(line)),
    async close() {
      gateway.child.kill('SIGKILL')
      await gateway.exited
      // They go by themselves; one that a test has frozen can't.
      for (const pid of seen) if (isAlive(pid)) process.kill(pid, 'SIGCONT')
      await expect.poll(() => [...seen].filter(isAlive), { timeout: 40_000, interval: 100 }).toEqual([])
      await cleanUp()
    },
  }
}

async function connect(url: string): Promise<WorkersClient> {
  const client = await Client.connect(url)
  const closes: Closed[] = []
  client.socket.on('close', (code, reason) => closes.push({ code, reason: reason.toString() }))
  client.send('who am I')
  return { id: await client.next(), client, closes }
}

function workerPids(parent: number): ReadonlyMap<string, number> {
  const lines = execFileSync('ps', ['-e', '-o', 'ppid=,pid=,args=']).toString().split('\n')
  const found = lines.flatMap((line) => {
    const [, ppid, pid, name = ''] = /^\s*(\d+)\s+(\d+)\s.*worker-process (\S+)$/.exec(line) ?? []
    return Number(ppid) === parent ? [[name, Number(pid)] as const] : []
  })
  return new Map(found.sort(([, one], [, other]) => one - other))
}

export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
