import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { builtPostern } from './built.ts'

/** A gateway in a process of its own, as `postern start` runs it. */
export interface GatewayProcess {
  readonly child: ChildProcess
  readonly port: number
  readonly managementPort: number
  readonly lines: string[]
  /** The text that came on stderr. */
  readonly errors: string[]
  /** Resolves with the first log line, from the start, that has this message. */
  logged(message: string): Promise<Record<string, unknown>>
  /** Resolves when the process has ended and all that it wrote has been read. */
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
}

/**
 * Starts a gateway and waits until it listens; with `openFiles` it may open so many files and no more. `starting` is
 * called while it starts.
 */
export async function startProcess(
  args: readonly string[],
  env: Record<string, string> = {},
  openFiles: number | null = null,
  starting: (child: ChildProcess) => Promise<void> = async () => {},
): Promise<GatewayProcess> {
  const limited = openFiles === null ? [] : ['/bin/sh', '-c', `ulimit -n ${openFiles} && exec "$@"`, 'sh']
  const [program = '', ...words] = [...limited, process.execPath, builtPostern, 'start', '--port', '0']
  const child = spawn(program, [...words, '--management-port', '0', ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const lines: string[] = []
  const waiting: { message: string; resolve: (fields: Record<string, unknown>) => void }[] = []
  const errors: string[] = []
  child.stderr.on('data', (chunk: Buffer) => errors.push(chunk.toString()))
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line)
    const fields = parse(line)
    for (const each of waiting) if (fields?.msg === each.message) each.resolve(fields)
  })
  const exited = once(child, 'close').then(([code, signal]) => ({ code, signal }))
  const logged = (message: string): Promise<Record<string, unknown>> => {
    const known = lines.map(parse).find((fields) => fields?.msg === message)
    if (known !== undefined && known !== null) return Promise.resolve(known)
    return new Promise((resolve, reject) => {
      waiting.push({ message, resolve })
      exited.then(() => reject(new Error(`ended before it said '${message}'\n${errors.join('')}${lines.join('\n')}`)))
    })
  }
  await starting(child)
  const listening = await logged('listening')
  return {
    child,
    port: listening.port as number,
    managementPort: listening.managementPort as number,
    lines,
    errors,
    logged,
    exited,
  }
}

function parse(line: string): Record<string, unknown> | null {
  try {
    return JSON.parse(line)
  } catch {
    return null
  }
}
