import type { ClientHealth, SecondResult, WorkerHealth } from '../contract.ts'
import type { Slice } from '../worker/plan.ts'

/** An event loop so late shows in every latency. */
const strainedLagMillis = 20
/** The share of a core that a process of one thread can use, nearly. */
const strainedCpu = 0.9
/** A stall of the client that no percentile may hide. */
const stalledMillis = 500
/** So many strained seconds of all that were measured spoil a run. */
const strainedShare = 0.1
const fullMachine = 0.95

/** An account of how the workers of a run kept up. */
export interface HealthKeeper {
  add(worker: number, slice: Slice): void
  judge(
    workers: readonly { readonly pid: number; readonly connections: number }[],
    seconds: readonly SecondResult[],
  ): ClientHealth
}

interface Kept {
  slices: number
  strainedByLag: number
  strainedByCpu: number
  lagP99: number
  lagMax: number
  cpuTime: number
  duration: number
  cpuMax: number
  peakMemoryBytes: number
}

/** Pieces of a second are too short to be judged. */
const shortestMillis = 200

export function createHealthKeeper(workers: number): HealthKeeper {
  const kept = Array.from(
    { length: workers },
    (): Kept => ({
      slices: 0,
      strainedByLag: 0,
      strainedByCpu: 0,
      lagP99: 0,
      lagMax: 0,
      cpuTime: 0,
      duration: 0,
      cpuMax: 0,
      peakMemoryBytes: 0,
    }),
  )
  return {
    add(worker, slice) {
      const own = kept[worker] as Kept
      own.peakMemoryBytes = Math.max(own.peakMemoryBytes, slice.memoryBytes)
      if (!slice.measured || slice.settling || slice.duration < shortestMillis) return
      own.slices++
      own.lagP99 = Math.max(own.lagP99, slice.lagP99)
      own.lagMax = Math.max(own.lagMax, slice.lagMax)
      own.cpuMax = Math.max(own.cpuMax, slice.cpu)
      own.cpuTime += slice.cpu * slice.duration
      own.duration += slice.duration
      if (slice.lagP99 > strainedLagMillis) own.strainedByLag++
      if (slice.cpu > strainedCpu) own.strainedByCpu++
    },
    judge(processes, seconds) {
      const why = kept.flatMap((own, index) => reasons(own, index, kept.length))
      return {
        wasBottleneck: why.length > 0,
        why,
        notes: notesOn(seconds),
        workers: kept.map((own, index) => workerHealth(own, processes[index] ?? { pid: 0, connections: 0 })),
      }
    },
  }
}

function reasons(own: Kept, index: number, workers: number): string[] {
  const who = workers === 1 ? 'The client' : `Worker ${index + 1} of ${workers}`
  const of = (count: number) => `${count} of ${own.slices} measured second${own.slices === 1 ? '' : 's'}`
  const isMany = (count: number) => count > 0 && count / own.slices > strainedShare
  const why: string[] = []
  if (isMany(own.strainedByCpu)) {
    why.push(
      `${who} used more than ${strainedCpu * 100} % of a core in ${of(own.strainedByCpu)}: use more workers, or send less.`,
    )
  }
  if (isMany(own.strainedByLag)) {
    why.push(
      `${who} was late by more than ${strainedLagMillis} ms in ${of(own.strainedByLag)}: latencies include that.`,
    )
  } else if (own.lagMax > stalledMillis) {
    why.push(`${who} stood still for ${Math.round(own.lagMax)} ms: the highest latencies include that.`)
  }
  return why
}

function notesOn(seconds: readonly SecondResult[]): string[] {
  const known = seconds.flatMap(({ machineCpu }) => machineCpu ?? [])
  const full = known.filter((busy) => busy > fullMachine).length
  if (full === 0 || full / known.length <= strainedShare) return []
  return [
    `All cores of this machine were busy in ${full} of ${known.length} seconds: whatever runs on it, a target included, had to wait.`,
  ]
}

function workerHealth(
  own: Kept,
  { pid, connections }: { readonly pid: number; readonly connections: number },
): WorkerHealth {
  const rounded = (value: number) => Math.round(value * 1000) / 1000
  return {
    pid,
    connections,
    lagP99: rounded(own.lagP99),
    lagMax: rounded(own.lagMax),
    cpuMean: rounded(own.duration === 0 ? 0 : own.cpuTime / own.duration),
    cpuMax: rounded(own.cpuMax),
    peakMemoryBytes: own.peakMemoryBytes,
  }
}
