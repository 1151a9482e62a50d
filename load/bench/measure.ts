import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'
import { setTimeout as wait } from 'node:timers/promises'
import type { LoadOptions } from './client/load.ts'
import { type ClientFleet, startFleet } from './client-fleet.ts'
import { cpuMicros, residentBytes } from './process-stats.ts'
import type { Row } from './rows.ts'
import type { Servers } from './server-process.ts'
import type { StartTarget } from './targets.ts'

/** The figures of one round of a row for one server. */
export interface Measurement {
  /** CPU microseconds of an operation, or resident bytes of a connection: what the row compares. */
  readonly value: number
  /** Operations a second. */
  readonly rate: number
  /** Share of one core that the server used while it was under load; NaN where that says nothing. */
  readonly load: number
  /** Microseconds; NaN where there is none. */
  readonly p50: number
  readonly p99: number
  /** The same of HTTP answers, where an operation ends with something else. */
  readonly answerP50: number
  readonly answerP99: number
  /** The rise of the servers' counters, for each operation. */
  readonly counted: Readonly<Record<string, number>>
}

/** The members of a row that measuring it takes. */
export type Work = Pick<Row, 'name' | 'unit' | 'load' | 'isSpread' | 'warmUpSeconds'>

/** The length of a round for each server, and the number of processes that make its load. */
export interface MeasureOptions {
  readonly warmUpSeconds: number
  readonly seconds: number
  readonly clients: number
}

const notMeasured = {
  load: Number.NaN,
  p50: Number.NaN,
  p99: Number.NaN,
  answerP50: Number.NaN,
  answerP99: Number.NaN,
}

/** Long against a clock tick of 10 ms, short against what other processes of the machine do meanwhile. */
const sliceMillis = 300

/**
 * One round: starts all servers afresh, puts the load on one of them for a moment, then on the next, and so on. What
 * disturbs the machine then disturbs all of them. Rejects when anything was answered wrongly.
 */
export async function measureRound(
  row: Work,
  targets: readonly StartTarget[],
  options: MeasureOptions,
): Promise<Measurement[]> {
  if (row.unit === 'bytes') return measureMemoryInTurn(row, targets, options)
  const sides: Side[] = []
  try {
    for (const start of targets) sides.push(await openSide(row, await start(), options))
    await takeTurns(sides, Math.max(options.warmUpSeconds, row.warmUpSeconds ?? 0))
    for (const side of sides) await side.clear()
    await takeTurns(sides, options.seconds)
    return sides.map((side) => side.measurement())
  } finally {
    await Promise.all(sides.map((side) => side.close()))
  }
}

async function takeTurns(sides: readonly Side[], secondsEach: number): Promise<void> {
  for (let turn = 0; turn < Math.ceil((secondsEach * 1000) / sliceMillis); turn++) {
    for (const side of turn % 2 === 0 ? sides : [...sides].reverse()) await side.slice()
  }
}

async function openSide(row: Work, server: Servers, { clients }: MeasureOptions): Promise<Side> {
  try {
    return new Side(row, server, await startFleet(clients, loadFor(row, server)))
  } catch (error) {
    await server.stop()
    throw new Error(placeOf(row, server), { cause: error })
  }
}

function placeOf(row: Work, { name }: Servers): string {
  return name === undefined ? row.name : `${row.name}, ${name}`
}

function loadFor(row: Work, { port, postPort = port, ports, load }: Servers): LoadOptions {
  return { ...row.load, ...load, port, postPort, ...(row.isSpread && ports && { ports }) }
}

/** A server with the load that it gets, slice by slice. */
class Side {
  readonly #place: string
  readonly #server: Servers
  readonly #fleet: ClientFleet
  #cpu = 0
  #millis = 0
  #operations = 0
  #errors = 0
  #firstError: string | null = null
  #latencies = createHistogram()
  #answers = createHistogram()
  #counted: Record<string, number> = {}

  constructor(row: Work, server: Servers, fleet: ClientFleet) {
    this.#place = placeOf(row, server)
    this.#server = server
    this.#fleet = fleet
  }

  /** Every operation that begins in a slice ends in it, so that its CPU is counted with it. */
  async slice(): Promise<void> {
    const countersBefore = await this.#server.counters?.()
    const cpuBefore = this.#cpuMicros()
    const start = performance.now()
    await this.#fleet.resume()
    await wait(sliceMillis)
    await this.#fleet.pause().catch((cause) => {
      throw new Error(this.#place, { cause })
    })
    this.#millis += performance.now() - start
    this.#cpu += this.#cpuMicros() - cpuBefore
    const rise = difference(countersBefore, await this.#server.counters?.())
    for (const [name, value] of Object.entries(rise)) this.#counted[name] = (this.#counted[name] ?? 0) + value
    const { operations, errors, firstError, latencies, answers } = await this.#fleet.take()
    this.#operations += operations
    this.#errors += errors
    this.#firstError ??= firstError
    this.#latencies.add(latencies)
    this.#answers.add(answers)
  }

  #cpuMicros(): number {
    return this.#server.pids.reduce((sum, pid) => sum + cpuMicros(pid), 0)
  }

  async clear(): Promise<void> {
    this.#counted = {}
    this.#cpu = 0
    this.#millis = 0
    this.#operations = 0
    this.#latencies = createHistogram()
    this.#answers = createHistogram()
  }

  measurement(): Measurement {
    if (this.#errors > 0 || this.#operations === 0) {
      const first = this.#firstError === null ? '' : `; the first: ${this.#firstError}`
      throw new Error(`${this.#place}: ${this.#errors} errors in ${this.#operations} operations${first}`)
    }
    return {
      value: this.#cpu / this.#operations,
      rate: this.#operations / (this.#millis / 1000),
      load: this.#cpu / 1000 / this.#millis,
      p50: this.#latencies.percentile(50),
      p99: this.#latencies.percentile(99),
      answerP50: percentile(this.#answers, 50),
      answerP99: percentile(this.#answers, 99),
      counted: forEach(this.#counted, this.#operations),
    }
  }

  async close(): Promise<void> {
    this.#fleet.close()
    await this.#server.stop()
  }
}

async function measureMemoryInTurn(
  row: Work,
  targets: readonly StartTarget[],
  options: MeasureOptions,
): Promise<Measurement[]> {
  const measurements: Measurement[] = []
  for (const start of targets) {
    const server = await start()
    try {
      measurements.push(await measureMemory(row, server, options))
    } finally {
      await server.stop()
    }
  }
  return measurements
}

function percentile(histogram: RecordableHistogram, percent: number): number {
  return histogram.count === 0 ? Number.NaN : histogram.percentile(percent)
}

/** Resident bytes that the connections added to the processes that count, once they have come to rest. */
async function measureMemory(row: Work, server: Servers, options: MeasureOptions): Promise<Measurement> {
  const { residentPids = server.pids.slice(0, 1) } = server
  const resident = () => residentPids.reduce((sum, pid) => sum + residentBytes(pid), 0)
  await wait(1000)
  const before = resident()
  const countersBefore = await server.counters?.()
  const start = performance.now()
  const fleet = await startFleet(options.clients, loadFor(row, server)).catch((cause) => {
    throw new Error(placeOf(row, server), { cause })
  })
  try {
    const seconds = (performance.now() - start) / 1000
    await wait(options.warmUpSeconds * 1000)
    const { operations, errors } = await fleet.take()
    const value = (resident() - before) / operations
    if (errors > 0 || operations !== row.load.connections)
      throw new Error(`${placeOf(row, server)}: ${errors} connections lost`)
    const counted = forEach(difference(countersBefore, await server.counters?.()), operations)
    return { ...notMeasured, value, rate: operations / seconds, counted }
  } finally {
    fleet.close()
  }
}

function difference(
  before: Readonly<Record<string, number>> = {},
  after: Readonly<Record<string, number>> = {},
): Record<string, number> {
  return Object.fromEntries(Object.entries(after).map(([name, value]) => [name, value - (before[name] ?? 0)]))
}

function forEach(counted: Readonly<Record<string, number>>, operations: number): Record<string, number> {
  return Object.fromEntries(Object.entries(counted).map(([name, value]) => [name, value / operations]))
}
