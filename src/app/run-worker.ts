import { type LocateSetting, readSettings } from '../config/read-settings.ts'
import type { Settings } from '../config/settings.ts'
import { createManagementApi } from '../management/api.ts'
import type { Handle } from '../management/door.ts'
import {
  type Order,
  readOrder,
  type StartOrder,
  type WorkerQuestion,
  type WorkerReport,
} from '../supervisor/protocol.ts'
import { answerForwarded } from './forwarded-request.ts'
import { type ManagementParts, managedApis } from './management.ts'
import { type Postern, StartError, type Surroundings, startPostern } from './start.ts'

/** Milliseconds that a worker goes on when its parent is gone: as long as backends may take for the last call. */
const orphanedInMillis = 35_000

/** Messages to and from the process that has started this one. */
export interface ParentChannel {
  /** Resolves when the message has been handed over, also when nobody is there to take it. */
  send(message: object): Promise<void>
  onMessage(listener: (message: unknown) => void): void
  /**
   * Adds a listener for the parent's end, however that came; it is called at once when the parent has ended already.
   */
  onClosed(listener: () => void): void
  close(): void
}

export interface WorkerSurroundings extends Pick<Surroundings, 'destination' | 'environment' | 'version'> {
  readonly channel: ParentChannel
  /** Ends this process at once. */
  readonly exit: (code: number) => void
}

/**
 * Serves as one worker of several, as the parent orders; resolves with the exit code when it has drained or can't
 * start.
 */
export async function runWorker(surroundings: WorkerSurroundings): Promise<number> {
  const { channel, exit } = surroundings
  const send = (report: WorkerReport) => channel.send(report)
  let worker: Promise<Worker | null> | null = null

  return new Promise((resolve) => {
    /** Carries out an order. Orders wait for the start; where that has failed nothing is left to be done. */
    async function withWorker(run: (worker: Worker) => Promise<void>): Promise<void> {
      const started = await worker
      if (started !== null) await run(started)
    }

    async function begin(order: StartOrder): Promise<Worker | null> {
      try {
        const started = await startWorker(order, surroundings)
        await send({ kind: 'listening', scheme: started.scheme })
        return started
      } catch (error) {
        const faults = error instanceof StartError ? error.faults : []
        await send({ kind: 'failed', message: messageOf(error), faults: faults.map((fault) => ({ ...fault })) })
        channel.close()
        resolve(1)
        return null
      }
    }

    async function end(leave: (postern: Postern) => Promise<void>): Promise<void> {
      await withWorker(async ({ postern, parts }) => {
        await leave(postern)
        await send({ kind: 'goodbye', metrics: await parts.metrics.snapshot() })
        channel.close()
        resolve(0)
      })
    }

    async function obey(order: Order): Promise<void> {
      switch (order.kind) {
        case 'start':
          worker ??= begin(order)
          return
        case 'reload':
          return withWorker(({ reload }) => reload())
        case 'drain':
          return end((postern) => postern.drain(order.seconds, order.delaySeconds))
        case 'hand-over':
          return end((postern) => postern.handOver(order.seconds))
        case 'ask':
          return withWorker(async ({ answer }) => {
            await send({ kind: 'answer', id: order.id, answer: await answer(order.question) })
          })
      }
    }

    channel.onMessage((message) => {
      const order = readOrder(message)
      // What goes wrong in it ends the process, with a stack that the parent logs before it starts another.
      if (order !== null) void obey(order)
    })
    channel.onClosed(() => {
      // Nobody starts another in its place, and nobody could stop this one later.
      setTimeout(() => exit(1), orphanedInMillis).unref()
      end((postern) => postern.drain(0)).catch(() => exit(1))
      if (worker === null) resolve(1)
    })
  })
}

interface Worker {
  readonly postern: Postern
  readonly parts: ManagementParts
  readonly scheme: 'ws' | 'wss'
  reload(): Promise<void>
  answer(question: WorkerQuestion): Promise<unknown>
}

async function startWorker(order: StartOrder, surroundings: WorkerSurroundings): Promise<Worker> {
  const { destination, environment, version } = surroundings
  const { settings, locate } = await settingsOf(order, environment)
  let captured: ManagementParts | null = null
  const postern = await startPostern(settings, {
    ...{ destination, environment, version },
    locateSetting: locate,
    async management(parts) {
      captured = parts
      return { port: 0, origins: new Set(order.managementOrigins), useTokens() {}, useNetworks() {}, close() {} }
    },
  })
  // `startPostern` does not resolve without having called it.
  const parts = captured as unknown as ManagementParts
  const { metrics, gateway, catalog, routeSelectionExpression } = parts
  metrics.gauge('postern_draining', {}, () => (gateway.draining ? 1 : 0))
  const handle = managementApi(parts)

  return {
    postern,
    parts,
    scheme: settings.tls === null ? 'ws' : 'wss',
    async reload() {
      // What is wrong with them is said by the parent, which reads the same.
      const fresh = await readSettings({ ...order.sources, env: environment })
      await postern.reload(fresh.settings ?? undefined)
    },
    async answer(question) {
      switch (question.kind) {
        case 'status':
          return { unready: reasonsOf(parts) }
        case 'metrics':
          return metrics.snapshot()
        case 'apis':
          return managedApis(catalog, routeSelectionExpression)
        case 'refusals':
          return parts.refusals()
        case 'request':
          return answerForwarded(handle, question.request)
      }
    },
  }
}

/** The worker's own settings, but for what all have in common: where they listen. */
async function settingsOf(
  order: StartOrder,
  env: Surroundings['environment'],
): Promise<{ settings: Settings; locate: LocateSetting }> {
  const { settings, faults, locate } = await readSettings({ ...order.sources, env })
  if (settings === null) throw new StartError('the settings have faults', faults)
  return { settings: { ...settings, host: order.host, port: order.port, workerName: order.name }, locate }
}

function managementApi({
  version,
  registry,
  log,
  catalog,
  refusals,
  revocations,
  usage,
  quotas,
  usageModel,
  routeSelectionExpression,
}: ManagementParts): Handle {
  return createManagementApi({
    ...{ version, registry, log, refusals, revocations, usage, quotas, usageModel, now: Date.now },
    apis: () => managedApis(catalog, routeSelectionExpression),
    gateway: () => null,
  })
}

function reasonsOf({ gateway, registry }: ManagementParts): string[] {
  const trouble = registry.trouble()
  return [...(gateway.draining ? ['draining'] : []), ...(trouble === null ? [] : [trouble])]
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
