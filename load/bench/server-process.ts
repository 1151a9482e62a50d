import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { endWithUs } from '../fleet/end-with-us.ts'
import type { LoadOptions } from './client/load.ts'

/** The server under load: one process or several that serve together. */
export interface Servers {
  /** Whose they are, for messages. */
  readonly name?: string
  readonly pids: readonly number[]
  /** The port that sockets connect to. */
  readonly port: number
  /** The port that posts go to, when that is another one. */
  readonly postPort?: number
  /** The ports of all processes that sockets may connect to; left out for one. */
  readonly ports?: readonly number[]
  /** The members in which the load of a row is another one here: the same work in the words of this server. */
  readonly load?: Partial<LoadOptions>
  /** Whose memory counts; the first process's when left out. */
  readonly residentPids?: readonly number[]
  /** The counters that are read besides CPU time: sums that only rise, so that only differences say something. */
  counters?(): Promise<Record<string, number>>
  /** Resolves when the processes are gone. Safe to call twice. */
  stop(): Promise<void>
}

/** A server in a process of its own. */
export interface ServerProcess extends Servers {
  readonly pid: number
}

/**
 * Starts a server with Node and resolves once it says, in a line of JSON on stdout with a member `port`, where it
 * listens. Rejects with what it wrote when it ends before.
 */
export function startServer(args: readonly string[], env: Record<string, string> = {}): Promise<ServerProcess> {
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, NODE_ENV: 'production', ...env },
  })
  endWithUs(child, 'SIGKILL')
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  let written = ''
  child.stderr?.on('data', (data) => {
    written = (written + String(data)).slice(-10_000)
  })
  // The gateway drains on the first SIGTERM and ends at once, its CPU profile written, on the second.
  const stop = async () => {
    const timers = [0, 100].map((delay) => setTimeout(() => child.kill('SIGTERM'), delay))
    timers.push(setTimeout(() => child.kill('SIGKILL'), 5000))
    await gone
    for (const timer of timers) clearTimeout(timer)
  }
  return new Promise((resolve, reject) => {
    createInterface({ input: child.stdout as NonNullable<ChildProcess['stdout']> }).on('line', (line) => {
      written = `${written}${line}\n`.slice(-10_000)
      const port = portIn(line)
      if (port !== null) resolve({ pid: child.pid as number, pids: [child.pid as number], port, stop })
    })
    child.once('error', reject)
    void gone.then(() => reject(new Error(`node ${args.join(' ')} ended before it listened:\n${written}`)))
  })
}

function portIn(line: string): number | null {
  try {
    const { port } = JSON.parse(line) as { port?: unknown }
    return typeof port === 'number' ? port : null
  } catch {
    return null
  }
}
