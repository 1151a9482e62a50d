import { setTimeout as wait } from 'node:timers/promises'
import { startFleet } from './client-fleet.ts'
import { cpuMicros, residentBytes } from './process-stats.ts'
import type { Row } from './rows.ts'
import type { StartTarget } from './targets.ts'

/** What one run of a row against one server gave. */
export interface Measurement {
  /** CPU microseconds of an operation, or resident bytes of a connection: what the row compares. */
  readonly value: number
  /** Operations a second. */
  readonly rate: number
  /** Share of one core that the server used: far below 1, the clients were the limit. */
  readonly load: number
  /** Microseconds. */
  readonly p50: number
  readonly p99: number
}

/** How long a run takes, and how many processes make the load. */
export interface MeasureOptions {
  readonly warmUpSeconds: number
  readonly seconds: number
  readonly clients: number
}

/** Starts a server, puts the row's load on it, and measures. Rejects when anything was answered wrongly. */
export async function measure(row: Row, start: StartTarget, options: MeasureOptions): Promise<Measurement> {
  const server = await start()
  try {
    if (row.unit === 'bytes') return await measureMemory(row, server, options)
    return await measureCpu(row, server, options)
  } finally {
    await server.stop()
  }
}

interface Measured {
  readonly pid: number
  readonly port: number
}

async function measureCpu(row: Row, { pid, port }: Measured, options: MeasureOptions): Promise<Measurement> {
  const fleet = await startFleet(options.clients, { ...row.load, port })
  try {
    await wait(options.warmUpSeconds * 1000)
    fleet.begin()
    const cpuBefore = cpuMicros(pid)
    const start = performance.now()
    await wait(options.seconds * 1000)
    const cpu = cpuMicros(pid) - cpuBefore
    const seconds = (performance.now() - start) / 1000
    const { operations, errors, latencies } = await fleet.end()
    if (errors > 0 || operations === 0) throw new Error(`${row.name}: ${errors} errors in ${operations} operations`)
    return {
      value: cpu / operations,
      rate: operations / seconds,
      load: cpu / 1_000_000 / seconds,
      p50: latencies.percentile(50),
      p99: latencies.percentile(99),
    }
  } finally {
    fleet.close()
  }
}

/** Resident bytes that the connections added, once the process has come to rest. */
async function measureMemory(row: Row, { pid, port }: Measured, options: MeasureOptions): Promise<Measurement> {
  await wait(1000)
  const before = residentBytes(pid)
  const start = performance.now()
  const fleet = await startFleet(options.clients, { ...row.load, port })
  try {
    const seconds = (performance.now() - start) / 1000
    await wait(options.warmUpSeconds * 1000)
    const { connections } = row.load
    const value = (residentBytes(pid) - before) / connections
    const { errors } = await fleet.end()
    if (errors > 0) throw new Error(`${row.name}: ${errors} connections were lost`)
    return { value, rate: connections / seconds, load: Number.NaN, p50: Number.NaN, p99: Number.NaN }
  } finally {
    fleet.close()
  }
}
