import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Log } from '../../src/observability/contract.ts'
import { createSupervisedWorker } from '../../src/supervisor/supervised-worker.ts'
import { createSupervisor, type Supervisor } from '../../src/supervisor/supervisor.ts'
import { type SupervisorTimings, supervisorTimings } from '../../src/supervisor/supervisor-timings.ts'

const stub = fileURLToPath(new URL('./stub-worker.mjs', import.meta.url))

/** The things that a stub does other than to serve until it is told to go. */
export interface Behaviour {
  /** Says that it can't start. */
  readonly fail?: string
  /** Exits with this code before it listens. */
  readonly crash?: number
  /** Never says that it listens. */
  readonly mute?: boolean
  readonly unready?: readonly string[]
  readonly prints?: readonly string[]
  /** A text that the stub writes to its standard error. */
  readonly complains?: string
  /** The exit code with which the stub ends when it has drained. */
  readonly exitCode?: number
  /** Goes on for so long when it has said goodbye; milliseconds. */
  readonly lingers?: number
  /** Does not go when it is told to. */
  readonly stubborn?: boolean
}

export interface Logged extends Record<string, unknown> {
  readonly level: string
  readonly msg: string
}

/** Real processes that only speak the protocol, under a real supervisor. */
export interface StubWorkers {
  readonly supervisor: Supervisor
  readonly logged: Logged[]
  /** Lines that the workers wrote. */
  readonly lines: string[]
  readonly restarts: { value: number }
  /** Last metrics that workers gave, by their name. */
  readonly goodbyes: [name: string, metrics: unknown][]
  /** Names in the order in which they were started. */
  readonly launched: string[]
  /** Sets how processes behave that start from now on, by their name; `*` for all. */
  behave(behaviour: Record<string, Behaviour>): Promise<void>
  /** Ids of the processes that serve, by name. */
  pids(): Record<string, number | null>
  /** Resolves with the log lines of this message, once there are so many. */
  says(message: string, count?: number): Promise<Logged[]>
  close(): Promise<void>
}

export async function stubWorkers(
  options: { names?: string[]; program?: string[]; timings?: Partial<SupervisorTimings> } = {},
): Promise<StubWorkers> {
  const { names = ['a', 'b', 'c'], program = [process.execPath, stub] } = options
  const timings = {
    // A stub that a busy machine holds up for a second is not taken for silent.
    ...{ ...supervisorTimings, tick: 100, silentTicks: 15, loggedTicks: 20, firstBackoff: 50, longestBackoff: 400 },
    ...options.timings,
  }
  const directory = await mkdtemp(join(tmpdir(), 'postern-workers-'))
  const file = join(directory, 'behaviour.json')
  const logged: Logged[] = []
  const lines: string[] = []
  const goodbyes: [string, unknown][] = []
  const launched: string[] = []
  const restarts = { value: 0 }
  const log = recordingLog(logged, {})
  const behave = (behaviour: Record<string, Behaviour>) => writeFile(file, JSON.stringify(behaviour))
  await behave({})
  let ids = 0
  const supervisor = createSupervisor({
    ...{ names, restarts, log, timings, random: () => 1 },
    launch(name) {
      launched.push(name)
      return createSupervisedWorker({
        ...{ id: ++ids, name, environment: process.env, log, timings },
        program: [...program, file, name],
        order: { kind: 'start', sources: { flags: {}, file: null }, name, host: '', port: 1, managementOrigins: [] },
        write: (line) => void lines.push(line),
        goodbye: (metrics) => void goodbyes.push([name, metrics]),
      })
    },
  })

  return {
    ...{ supervisor, logged, lines, restarts, goodbyes, launched, behave },
    pids: () => Object.fromEntries(supervisor.processes.map(({ name, pid }) => [name, pid])),
    async says(message, count = 1) {
      const found = () => logged.filter(({ msg }) => msg === message)
      for (const end = Date.now() + 20_000; found().length < count && Date.now() < end; ) {
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
      if (found().length < count) throw new Error(`never said '${message}':\n${JSON.stringify(logged, null, 1)}`)
      return found()
    },
    async close() {
      supervisor.kill()
      await Promise.all(supervisor.processes.map(({ exited }) => exited))
      await rm(directory, { recursive: true, force: true })
    },
  }
}

function recordingLog(lines: Logged[], base: object): Log {
  const at = (level: string) => (fields: object, msg: string) => void lines.push({ level, ...base, ...fields, msg })
  return {
    ...{ debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') },
    child: (fields) => recordingLog(lines, { ...base, ...fields }),
  }
}

export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
