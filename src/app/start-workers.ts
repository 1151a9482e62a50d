import type { Fault } from 'postern-documents/faults'
import { createAccessKeys } from '../authorizers/iam/access-keys.ts'
import type { Settings } from '../config/settings.ts'
import type { Log, Metrics } from '../observability/contract.ts'
import { createLogger } from '../observability/logger.ts'
import { createMetrics } from '../observability/metrics.ts'
import type { WorkerSources } from '../supervisor/protocol.ts'
import { createSupervisedWorker, type SupervisedWorker, WorkerFailure } from '../supervisor/supervised-worker.ts'
import { createSupervisor, processStates, type Supervisor } from '../supervisor/supervisor.ts'
import { supervisorTimings } from '../supervisor/supervisor-timings.ts'
import { createWorkerOrphanGuard } from '../supervisor/worker-orphan-guard.ts'
import { chooseTransport } from '../transport/choose-transport.ts'
import type { CreateTransport } from '../transport/contract.ts'
import { accessKeysOf } from './iam-users.ts'
import { logFaults, openDestination, told } from './process-log.ts'
import { StartError, type Surroundings } from './start.ts'
import { transportOptions } from './transport-options.ts'
import { createWorkerMetrics } from './worker-metrics.ts'
import { workerNameOf } from './worker-name.ts'
import { startWorkersManagement } from './workers-management.ts'

export interface WorkersSurroundings
  extends Pick<Surroundings, 'destination' | 'environment' | 'readable' | 'version'> {
  /** The command line of a worker up to its name: the executable and its arguments. */
  readonly program: readonly string[]
  /** The places where each worker reads its settings by itself. */
  readonly sources: WorkerSources
}

/** The time for an orphaned worker to end: a little more than it takes when it sees its parent gone. */
const orphanedSeconds = 40

/** Several workers on one port, under this process. */
export interface Workers {
  readonly port: number
  readonly managementPort: number
  /**
   * Has all read their definitions and tokens anew; this process takes the management tokens of `settings`, and logs the
   * faults that reading them anew has found.
   */
  reload(settings?: Settings, settingFaults?: readonly Fault[]): void
  /** The log of this process. */
  readonly log: Log
  /** Replaces one worker after the other, each draining over `seconds`. */
  roll(seconds: number): void
  /**
   * Drains the workers: `/readyz` says no for `delaySeconds` before anything else happens; then all end over `seconds`.
   * Resolves with whether all ended in order, once everything is closed.
   */
  drain(seconds: number, delaySeconds?: number): Promise<boolean>
  /** Ends all workers at once. */
  kill(): void
}

/**
 * Takes the ports, starts the workers, and keeps them running. Rejects with a `StartError` when the first start of one
 * fails, or with one sentence when a port can't be listened on; nothing is left running then.
 */
export async function startWorkers(settings: Settings, surroundings: WorkersSurroundings): Promise<Workers> {
  const { environment, version, program, sources } = surroundings
  const metrics = createMetrics({ version, log: () => log })
  const destination = openDestination(surroundings, metrics)
  const stops: (() => void | Promise<void>)[] = [() => destination.close()]
  const stop = async () => {
    for (const each of stops.reverse()) await each()
  }
  const log = createLogger({
    level: settings.logLevel,
    destination,
    name: workerNameOf(settings, environment),
  })
  try {
    return await start()
  } catch (error) {
    await stop()
    throw error instanceof WorkerFailure ? new StartError(error.message, error.faults as readonly Fault[]) : error
  }

  async function start(): Promise<Workers> {
    const chosen = await chooseTransport(settings, { environment, log })
    const { createTransport } = chosen
    const { host, managementHost, workers } = settings
    const port = await freePort(createTransport, settings)
    const name = workerNameOf({ ...settings, port }, environment)
    const supervisor = createSupervisor({
      names: Array.from({ length: workers }, (_, i) => `${name}-${i + 1}`),
      launch,
      restarts: metrics.counter('postern_worker_restarts_total', {}),
      log,
      random: Math.random,
      timings: supervisorTimings,
    })
    exposeStates(metrics, supervisor)
    const workerMetrics = createWorkerMetrics({ supervisor, own: metrics })
    stops.push(() => workerMetrics.close())
    let listening = false
    const accessKeys = createAccessKeys(accessKeysOf(settings))
    const management = await startWorkersManagement({
      ...{ settings, accessKeys, version, createTransport, supervisor, log },
      scrape: workerMetrics.scrape,
      port: () => (listening ? port : 0),
    })
    stops.push(() => management.close())

    const guard = createWorkerOrphanGuard({ afterSeconds: orphanedSeconds, mark: program.at(-1) ?? '' })
    stops.push(() => guard.close())
    let ids = 0
    function launch(workerName: string): SupervisedWorker {
      const id = ++ids
      const managementOrigins = [...management.origins]
      const worker = createSupervisedWorker({
        ...{ id, name: workerName, environment, log, timings: supervisorTimings, write: destination.write },
        program: [...program, workerName],
        order: { kind: 'start', sources, name: workerName, host, port, managementOrigins },
        goodbye: (last) => workerMetrics.take(id, workerName, last),
      })
      const { pid } = worker
      if (pid !== null) guard.add(pid)
      void worker.exited.then(() => {
        if (pid !== null) guard.remove(pid)
        workerMetrics.ended(id)
      })
      return worker
    }

    await supervisor.start()
    listening = true
    log.info({ host, port, managementHost, managementPort: management.port, workers, ...told(chosen) }, 'listening')
    return {
      port,
      managementPort: management.port,
      log,
      reload(fresh, settingFaults = []) {
        if (fresh !== undefined) {
          management.useTokens(fresh.managementTokens)
          management.useNetworks(fresh)
          accessKeys.replace(accessKeysOf(fresh))
        }
        logFaults(log, settingFaults)
        log.info({ workers: supervisor.processes.length }, 'reloading the workers')
        supervisor.reload()
      },
      roll: supervisor.roll,
      async drain(seconds, delaySeconds = 0) {
        log.info({ workers: supervisor.processes.length, seconds, delaySeconds }, 'draining the workers')
        const inOrder = await supervisor.drain(seconds, delaySeconds)
        log.info({ inOrder }, 'the workers have ended')
        await stop()
        return inOrder
      },
      kill() {
        supervisor.kill()
        guard.close()
      },
    }
  }
}

function exposeStates(metrics: Metrics, supervisor: Supervisor): void {
  for (const state of processStates) metrics.gauge('postern_workers', { state }, () => supervisor.count(state))
}

/**
 * Finds the port that the workers will share. Whether another server listens there shows here only: once ports are
 * shared, nobody is told. Port 0 is no port to share, so that a free one is found here too.
 */
async function freePort(createTransport: CreateTransport, settings: Settings): Promise<number> {
  const probe = createTransport<never>(transportOptions(settings, null, true), {
    upgrade() {},
    message() {},
    pinged() {},
    close() {},
    request() {},
  })
  try {
    return await probe.listen()
  } finally {
    probe.close()
  }
}
