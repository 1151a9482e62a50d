import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as wait } from 'node:timers/promises'
import { endWithUs } from './end-with-us.ts'

/** A program of the fleet, in a process group of its own: Ctrl-C is for the load alone. */
export interface Program {
  readonly pid: number
  readonly hasEnded: boolean
  readonly ended: Promise<void>
  /** The last of what it wrote. */
  said(): string
  signal(name: NodeJS.Signals): void
  /** Sends the signal, SIGKILL after a grace period, and resolves when it is gone. Safe to call twice. */
  stop(name: NodeJS.Signals, graceMillis?: number): Promise<void>
}

export interface ProgramOptions {
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Whether it serves already, by what it has written; a rejection means no. */
  readonly isReady: (said: string) => boolean | Promise<boolean>
}

const startMillis = 30_000
const lookMillis = 25
const saidCharacters = 20_000

/** Starts a program and resolves once it serves; rejects with what it wrote when it ends before or takes too long. */
export async function startProgram({ command, args, env = {}, isReady }: ProgramOptions): Promise<Program> {
  const child = spawn(command, args, {
    detached: true,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  endWithUs(child, 'SIGKILL')
  const program = programOf(child)
  const deadline = Date.now() + startMillis
  while (!(await Promise.resolve(isReady(program.said())).catch(() => false))) {
    if (program.hasEnded || Date.now() > deadline) {
      const how = program.hasEnded ? 'ended before it was ready' : 'was not ready in time'
      await program.stop('SIGKILL')
      throw new Error(`${command} ${args.join(' ')} ${how}:\n${program.said()}`)
    }
    await Promise.race([wait(lookMillis), program.ended])
  }
  return program
}

function programOf(child: ChildProcess): Program {
  let said = ''
  let hasEnded = false
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      said = (said + String(chunk)).slice(-saidCharacters)
    })
  }
  const ended = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      said += error.message
      resolve()
    })
    child.once('exit', () => resolve())
  }).then(() => {
    hasEnded = true
  })
  return {
    pid: child.pid ?? 0,
    get hasEnded() {
      return hasEnded
    },
    ended,
    said: () => said,
    signal: (name) => void child.kill(name),
    async stop(name, graceMillis = 5_000) {
      if (hasEnded) return
      child.kill(name)
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMillis)
      await ended
      clearTimeout(timer)
    },
  }
}
