import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import type { LoadOptions, LoadResult } from './client/load.ts'
import type { Command, Report } from './client/main.ts'

/** What all client processes did together. */
export interface FleetResult {
  readonly operations: number
  readonly errors: number
  /** In microseconds. */
  readonly latencies: RecordableHistogram
}

/** Several client processes that share one load. */
export interface ClientFleet {
  /** Sets all counters to zero. */
  begin(): void
  end(): Promise<FleetResult>
  /** Ends the processes. Safe to call twice. */
  close(): void
}

const main = fileURLToPath(new URL('client/main.ts', import.meta.url))

/** Starts client processes that share `connections` evenly and resolves when all of them are at work. */
export async function startFleet(processes: number, options: LoadOptions): Promise<ClientFleet> {
  const children = Array.from({ length: processes }, () => fork(main, { execArgv: ['--import', 'tsx'] }))
  const close = () => {
    for (const child of children) child.kill('SIGKILL')
  }
  try {
    await Promise.all(
      children.map((child, i) => open(child, { ...options, connections: share(options, processes, i) })),
    )
  } catch (error) {
    close()
    throw error
  }
  return {
    begin: () => children.forEach((child) => void child.send({ type: 'begin' } satisfies Command)),
    async end() {
      const results = await Promise.all(children.map(finish))
      return sum(results)
    },
    close,
  }
}

function share({ connections }: LoadOptions, processes: number, index: number): number {
  return Math.floor(connections / processes) + (index < connections % processes ? 1 : 0)
}

async function open(child: ChildProcess, options: LoadOptions): Promise<void> {
  const answer = report(child)
  child.send({ type: 'open', options } satisfies Command)
  const message = await answer
  if (message.type !== 'ready') throw new Error(`a client process failed: ${JSON.stringify(message)}`)
}

async function finish(child: ChildProcess): Promise<LoadResult> {
  const answer = report(child)
  child.send({ type: 'end' } satisfies Command)
  const message = await answer
  if (message.type !== 'result') throw new Error(`a client process failed: ${JSON.stringify(message)}`)
  return message.result
}

async function report(child: ChildProcess): Promise<Report> {
  const gone = once(child, 'exit').then(() => ({ type: 'failed', message: 'it ended' }) as const)
  const said = once(child, 'message').then(([message]) => message as Report)
  return Promise.race([said, gone])
}

function sum(results: readonly LoadResult[]): FleetResult {
  const latencies = createHistogram()
  let operations = 0
  let errors = 0
  for (const result of results) {
    operations += result.operations
    errors += result.errors
    for (const [micros, count] of result.latencies) for (let i = 0; i < count; i++) latencies.record(micros)
  }
  return { operations, errors, latencies }
}
