import { type ChildProcess, fork } from 'node:child_process'
import { rename } from 'node:fs/promises'
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { LatencyCount, LoadCounts, LoadOptions } from './client/load.ts'
import type { ClientCommand, ClientReport } from './client/main.ts'

/** The counts of all client processes together. */
export interface FleetResult {
  readonly operations: number
  readonly errors: number
  readonly firstError: string | null
  /** Latencies in microseconds. */
  readonly latencies: RecordableHistogram
  /** Latencies of HTTP answers that operations did not end with, in microseconds; often empty. */
  readonly answers: RecordableHistogram
}

/** Several client processes that share one load. */
export interface ClientFleet {
  resume(): Promise<void>
  /** Resolves when nothing is under way any more. */
  pause(): Promise<void>
  /** Takes the counts since the last call. */
  take(): Promise<FleetResult>
  /** Ends the processes. Safe to call twice. */
  close(): void
}

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

let program: Promise<string> | null = null

/** Joins the modules of a client into one file, once: a process that compiled them as it reads them would start late. */
async function buildClient(): Promise<string> {
  const outfile = here('../../node_modules/.cache/postern-bench/client.mjs')
  const own = `${outfile}.${process.pid}.mjs`
  await build({
    entryPoints: [here('client/main.ts')],
    outfile: own,
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20',
  })
  await rename(own, outfile)
  return outfile
}

/** Starts client processes that share `connections` evenly and resolves when all are connected; the load rests. */
export async function startFleet(processes: number, options: LoadOptions): Promise<ClientFleet> {
  program ??= buildClient()
  const main = await program
  const children = Array.from({ length: processes }, () => fork(main, { execArgv: [] }))
  const all = (command: (index: number) => ClientCommand) =>
    Promise.all(children.map((child, index) => ask(child, command(index))))
  const close = () => {
    for (const child of children) child.kill('SIGKILL')
  }
  try {
    await all((index) => ({ type: 'open', options: { ...options, connections: share(options, processes, index) } }))
  } catch (error) {
    close()
    throw error
  }
  return {
    resume: async () => void (await all(() => ({ type: 'resume' }))),
    pause: async () => void (await all(() => ({ type: 'pause' }))),
    take: async () => sum(await all(() => ({ type: 'take' }))),
    close,
  }
}

function share({ connections }: LoadOptions, processes: number, index: number): number {
  return Math.floor(connections / processes) + (index < connections % processes ? 1 : 0)
}

function ask(child: ChildProcess, command: ClientCommand): Promise<LoadCounts | null> {
  return new Promise((resolve, reject) => {
    const gone = () => reject(new Error('a client process ended'))
    child.once('exit', gone)
    child.once('message', (report: ClientReport) => {
      child.off('exit', gone)
      if (report.type === 'done') resolve(report.result)
      else reject(new Error(`a client process failed: ${report.message}`))
    })
    child.send(command)
  })
}

function sum(results: readonly (LoadCounts | null)[]): FleetResult {
  const [latencies, answers] = [createHistogram(), createHistogram()]
  let operations = 0
  let errors = 0
  let firstError: string | null = null
  for (const result of results) {
    operations += result?.operations ?? 0
    errors += result?.errors ?? 0
    firstError ??= result?.firstError ?? null
    record(result?.latencies ?? [], latencies)
    record(result?.answers ?? [], answers)
  }
  return { operations, errors, firstError, latencies, answers }
}

function record(counts: readonly LatencyCount[], into: RecordableHistogram): void {
  for (const [micros, count] of counts) for (let i = 0; i < count; i++) into.record(micros)
}
