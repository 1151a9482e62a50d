import { Command } from 'commander'
import { reportFaults } from 'postern-documents/fault-report'
import type { Fault } from 'postern-documents/faults'
import { wantsColours } from 'postern-documents/output'
import type { Postern, startPostern } from '../app/start.ts'
import type { startWorkers, Workers } from '../app/start-workers.ts'
import { type LocateSetting, readSettings, type SettingSources } from '../config/read-settings.ts'
import type { Settings } from '../config/settings.ts'
import type { CommandContext } from './command.ts'
import type { Io } from './io.ts'
import { addSettingOptions, configOption, settingSources } from './setting-options.ts'
import { workerProcessName } from './worker-process-name.ts'

const epilogue = `
Every option is also a member of postern.yaml (drainSeconds) and an environment variable (POSTERN_DRAIN_SECONDS);
options win over variables, and variables over the file. Secrets are read from the environment or from files:
  POSTERN_CONNECTIONS_TOKENS   tokens of the callers of @connections, separated by commas
  POSTERN_MANAGEMENT_TOKENS    tokens for the management port, separated by commas
  POSTERN_TLS_PASSPHRASE       passphrase of --tls-key
  POSTERN_REDIS_PASSWORD       password for --redis
  AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN   sign Lambda calls

Signals: SIGHUP reloads definitions and tokens; SIGTERM drains over --drain-seconds and stops,
SIGINT (Ctrl-C) drains without spreading it over time; a second one stops at once.
With --workers SIGUSR2 replaces one worker after the other, with new code and settings.
Exit codes: 0 stopped in order, however long that took; 1 a failed start, a second signal, or a worker that was lost
while it drained; 2 wrong usage.

Examples:
  postern start                          serve the APIs under routes/ on 127.0.0.1:8080
  postern start apis --watch             serve those under apis/ and reload them when they change
  POSTERN_CONNECTIONS_TOKENS=s3cr3t postern start --host 0.0.0.0
                                         serve the network; backends send 'Authorization: Bearer s3cr3t'
`

export function startCommand({ io, version, end }: CommandContext): Command {
  const command = new Command('start')
    .description('Serve the APIs of a folder.')
    .argument('[dir]', 'the folder of the API definitions, a folder each (default: routes)')
    .addOption(configOption())
  addSettingOptions(command)
  return command.addHelpText('after', epilogue).action(async (dir: string | undefined) => {
    end(await start(settingSources(command, dir, io), { io, version, load: () => import('../app/start.ts') }))
  })
}

export interface StartDeps {
  readonly io: Io
  readonly version: string
  /** Loads the gateway late, so that `--help` and faults of settings do not wait for it. */
  readonly load: () => Promise<{ startPostern: typeof startPostern }>
  readonly loadWorkers?: () => Promise<{ startWorkers: typeof startWorkers }>
}

/** Serves until a signal ends it; resolves with the exit code. */
export async function start(sources: SettingSources, deps: StartDeps): Promise<number> {
  const { io } = deps
  const { settings, faults, locate } = await readSettings(sources)
  if (settings === null) {
    reportFaults(faults, io.stderr, io.env)
    return 1
  }
  try {
    if (settings.workers > 1) return await startSeveral(settings, sources, deps)
    return await startOne(settings, sources, deps, locate)
  } catch (error) {
    const found = faultsOf(error)
    if (found.length > 0) reportFaults(found, io.stderr, io.env)
    io.stderr.write(`postern: ${error instanceof Error ? error.message : String(error)}\n`)
    return 1
  }
}

async function startOne(
  settings: Settings,
  sources: SettingSources,
  deps: StartDeps,
  locateSetting: LocateSetting,
): Promise<number> {
  const { io, version, load } = deps
  let log: Postern['log'] | null = null
  // Unheard, it would end the process.
  io.onSignal('SIGUSR2', () => log?.warn({}, 'SIGUSR2 replaces workers, and needs --workers'))
  const app = await load()
  const postern = await app.startPostern(settings, {
    destination: io.logs ?? io.stdout,
    readable: readableLog(settings, io),
    environment: io.env,
    version,
    locateSetting,
  })
  log = postern.log
  if (io.stderr.isTTY) io.stderr.write(greeting(settings, postern))
  return untilStopped(settings, io, {
    log,
    drain: (seconds, delaySeconds) => postern.drain(seconds, delaySeconds).then(() => 0),
    kill() {},
    async reload() {
      const { settings: fresh, faults } = await readSettings(sources)
      await postern.reload(fresh ?? undefined, faults)
    },
  })
}

async function startSeveral(settings: Settings, sources: SettingSources, deps: StartDeps): Promise<number> {
  const { io, version, loadWorkers = () => import('../app/start-workers.ts') } = deps
  if (io.program === undefined) throw new Error('workers need a program that can be run once more')
  let workers: Workers | null = null
  io.onSignal('SIGUSR2', () => {
    if (workers === null) io.stderr.write('postern: SIGUSR2 comes too early: not all workers listen yet\n')
    else workers.roll(settings.drainSeconds)
  })
  const app = await loadWorkers()
  workers = await app.startWorkers(settings, {
    destination: io.logs ?? io.stdout,
    readable: readableLog(settings, io),
    environment: io.env,
    version,
    program: [...io.program, workerProcessName],
    sources: { flags: { ...sources.flags }, file: sources.file },
  })
  const { drain, kill, reload } = workers
  if (io.stderr.isTTY) io.stderr.write(greeting(settings, workers))
  return untilStopped(settings, io, {
    log: workers.log,
    drain: (seconds, delaySeconds) => drain(seconds, delaySeconds).then((inOrder) => (inOrder ? 0 : 1)),
    kill,
    async reload() {
      const { settings: fresh, faults } = await readSettings(sources)
      reload(fresh ?? undefined, faults)
    },
  })
}

function readableLog({ logFormat }: Settings, { stdout, env }: Io): { colours: boolean } | null {
  const isText = logFormat === 'text' || (logFormat === 'auto' && stdout.isTTY === true)
  return isText ? { colours: wantsColours(stdout, env) } : null
}

/** A greeting for someone at a terminal, who would have to find the ports among the lines of the log. */
function greeting(
  { tls, host, playground, managementHost }: Settings,
  { port, managementPort }: Pick<Postern, 'port' | 'managementPort'>,
): string {
  const urls = `${tls === null ? 'ws' : 'wss'}://${host}:${port}/{apiId}/{stage}`
  const page = playground ? `, playground at http://${managementHost}:${managementPort}/` : ''
  return `postern: serving ${urls}${page}; Ctrl-C stops\n`
}

function faultsOf(error: unknown): readonly Fault[] {
  return error instanceof Error && 'faults' in error && Array.isArray(error.faults) ? (error.faults as Fault[]) : []
}

interface Served {
  /** Lets what is under way end in order; resolves with the exit code. */
  drain(seconds: number, delaySeconds: number): Promise<number>
  /** Ends what this process has started, which must not outlive it. */
  kill(): void
  /**
   * Reads the settings once more. Most of them are read at the start only and stay as they are; the tokens among them,
   * and the definitions, are replaced.
   */
  reload(): Promise<void>
  readonly log: Postern['log']
}

function untilStopped(settings: Settings, io: Io, { drain, kill, reload, log }: Served): Promise<number> {
  return new Promise((resolve, reject) => {
    let stopping = false
    const stop = (seconds: number, delaySeconds: number) => {
      if (stopping) {
        kill()
        return io.exit(1)
      }
      stopping = true
      if (io.stderr.isTTY) io.stderr.write('\npostern: draining; once more to stop at once\n')
      drain(seconds, delaySeconds).then(resolve, reject)
    }
    const terminate = () => stop(settings.drainSeconds, settings.drainDelaySeconds)
    io.onSignal('SIGTERM', terminate)
    io.onShellEnded?.(() => {
      if (!stopping) terminate()
    })
    // Someone at a terminal waits: what is under way ends in order, but there is no crowd to spread over time.
    io.onSignal('SIGINT', () => stop(0, 0))
    io.onSignal('SIGHUP', () => {
      reload().catch((error: unknown) => log.error({ err: error }, 'the reload failed'))
    })
  })
}
