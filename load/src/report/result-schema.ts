import { prose, record, text } from 'postern-documents/schema-parts'
import { z } from 'zod'
import { type ErrorKind, type LoadResult, latencyNames, resultFormat, resultVersion } from '../contract.ts'
import { isHistogram, maxHistogramText } from './histogram.ts'

/** Two days, a second each: longer than the longest soak. */
const maxSeconds = 172_800
const maxPhases = 1_000
const maxRows = 10_000
const maxWorkers = 1_024
const maxProcesses = 256
const maxText = 10_000

const amount = () => {
  const error = 'a number of 0 or more'
  return z.number({ error }).min(0, { error })
}
const count = () => {
  const error = 'a whole number of 0 or more'
  return z.int({ error }).min(0, { error })
}
const share = () => {
  const error = 'a share from 0 to 1'
  return z.number({ error }).min(0, { error }).max(1, { error })
}
const words = () => text(`a string of at most ${maxText} characters`, { min: 0, max: maxText })
const list = <Item extends z.ZodType>(item: Item, max: number) =>
  z.array(item, { error: 'a list' }).max(max, { error: `a list of at most ${max}` })
const flag = () => z.boolean({ error: 'true or false' })
const counts = () => record(words(), count(), maxRows)
/** Kinds that a later version of this format may add are kept: they have no meaning here, but a name and a count. */
const errorCounts = () => counts().transform((given) => given as Readonly<Partial<Record<ErrorKind, number>>>)

const secondLatency = z.object({ count: count(), p50: amount(), p90: amount(), p99: amount(), max: amount() })
const byKind = <Value extends z.ZodType>(value: Value) =>
  Object.fromEntries(latencyNames.map((name) => [name, value])) as Record<(typeof latencyNames)[number], Value>

const second = z.object({
  second: count(),
  phase: count(),
  connections: z.object({ open: count(), opening: count(), opened: count(), closed: count(), failed: count() }),
  messages: z.object({ out: count(), in: count() }),
  pushes: z.object({ posted: count(), received: count() }),
  fanOut: z.object({ expected: count(), received: count() }),
  rest: z.object({ requests: count() }),
  bytes: z.object({ out: count(), in: count() }),
  errors: errorCounts(),
  latencies: z.object(byKind(secondLatency.exactOptional())),
  client: z.object({ lagP99: amount().nullable(), lagMax: amount().nullable(), cpu: amount().nullable() }),
  machineCpu: amount().nullable(),
})

const latency = z.object({
  count: count(),
  mean: amount(),
  min: amount(),
  p50: amount(),
  p75: amount(),
  p90: amount(),
  p95: amount(),
  p99: amount(),
  p999: amount(),
  p9999: amount(),
  max: amount(),
  histogram: text("HdrHistogram's compressed V2 base64", { max: maxHistogramText }).refine(isHistogram, {
    error: "HdrHistogram's compressed V2 base64",
  }),
})

const account = z
  .object({
    expected: count(),
    received: count(),
    lost: count(),
    duplicated: count(),
    outOfOrder: count(),
    cutOff: count(),
    unannounced: count(),
  })
  .nullable()

const run = z.object({
  scenario: words(),
  file: words(),
  description: prose().nullable(),
  definition: z.unknown(),
  targets: list(words(), maxRows),
  startedAt: amount().max(8.64e15, { error: 'milliseconds since 1970' }),
  duration: amount(),
  ended: z.enum(['done', 'interrupted', 'limit'], { error: 'done, interrupted, limit' }),
  endedWhy: words().nullable(),
  versions: z.object({ postern: words(), node: words() }),
  machine: z.object({ system: words(), cpu: words(), cores: count(), memoryBytes: count() }),
  options: z.object({ workers: count(), ownsTarget: flag() }),
})

const totals = z.object({
  connections: z.object({
    attempted: count(),
    opened: count(),
    failed: count(),
    peak: count(),
    missing: count().default(0),
  }),
  messages: z.object({ out: count(), in: count(), replies: count(), unsent: count(), unexpected: count() }),
  pushes: z.object({ posted: count(), accepted: count(), received: count(), unsent: count() }),
  rest: z.object({ requests: count() }),
  bytes: z.object({ out: count(), in: count() }),
  errors: count(),
  operations: count(),
  errorShare: share(),
  rates: z.object({
    messagesOut: amount(),
    messagesIn: amount(),
    pushes: amount(),
    rest: amount(),
    handshakes: amount(),
  }),
})

/** A result file. Members that are not known are left out: they are of a later version that adds and takes nothing away. */
export const resultSchema = z.object({
  format: z.literal(resultFormat),
  version: z.literal(resultVersion, { error: String(resultVersion) }),
  run,
  phases: list(
    z.object({
      name: words(),
      kind: z.enum(['ramp', 'hold', 'spike', 'drain'], { error: 'ramp, hold, spike, drain' }),
      from: amount(),
      to: amount(),
      connections: count(),
      measured: flag(),
    }),
    maxPhases,
  ),
  seconds: list(second, maxSeconds),
  totals,
  latencies: z.object(byKind(latency.nullable().default(null))),
  closes: counts(),
  statuses: z.object({ handshakes: counts(), posts: counts(), rest: counts() }),
  errors: errorCounts(),
  errorSamples: list(
    z.object({ kind: words().transform((kind) => kind as ErrorKind), message: words(), count: count() }),
    maxRows,
  ),
  delivery: z.object({ pushes: account, fanOut: account }),
  checks: list(z.object({ name: words(), passed: count(), failed: count(), sample: words().nullable() }), maxRows),
  thresholds: list(
    z.object({
      threshold: words(),
      actual: z.number({ error: 'a number' }).nullable(),
      unit: z.enum(['ms', '%', '/s', 'MiB', ''], { error: 'ms, %, /s, MiB or nothing' }),
      passed: flag(),
    }),
    maxRows,
  ),
  passed: flag(),
  client: z.object({
    wasBottleneck: flag(),
    why: list(words(), maxRows),
    notes: list(words(), maxRows),
    workers: list(
      z.object({
        pid: count(),
        connections: count(),
        lagP99: amount(),
        lagMax: amount(),
        cpuMean: amount(),
        cpuMax: amount(),
        peakMemoryBytes: count(),
      }),
      maxWorkers,
    ),
  }),
  processes: list(
    z.object({
      name: words(),
      pid: count(),
      command: words(),
      samples: list(z.object({ second: amount(), cpu: amount(), memoryBytes: count() }), maxSeconds),
    }),
    maxProcesses,
  ),
})

// What the schema reads has to be what the contract says.
resultSchema satisfies z.ZodType<LoadResult>
