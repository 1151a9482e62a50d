import { build, encodeIntoCompressedBase64, type Histogram } from 'hdr-histogram-js'
import {
  type DeliveryAccount,
  type ErrorKind,
  type LatencyName,
  type LatencyResult,
  type LoadResult,
  latencyNames,
  type PhaseResult,
  resultFormat,
  resultVersion,
  type SecondLatency,
  type SecondResult,
} from '../../load/src/contract.ts'

export interface ResultOptions {
  readonly seed?: number
  /** Multiplies every latency. */
  readonly slower?: number
  /** Multiplies the CPU and memory of the target. */
  readonly heavier?: number
  /** How long the phase lasts that holds the connections; the others take 20 seconds together. */
  readonly hold?: number
  readonly connections?: number
  /** Messages a second. */
  readonly rate?: number
  /** Values recorded a second, which stand for all messages. */
  readonly samples?: number
  readonly kinds?: readonly LatencyName[]
  /** Errors a second while connections are held. */
  readonly errors?: number
  readonly lost?: number
  /** The second of a stall in which every latency is a hundred times as long. */
  readonly stall?: number
}

/** A random generator of one number, so that a failing seed can be run again (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const baseOf: Readonly<Record<LatencyName, number>> = {
  handshake: 1.8,
  reply: 0.9,
  push: 1.6,
  post: 1.2,
  fanOut: 1.4,
  rest: 0.7,
}

/**
 * A result as the engine would write it: latencies are lognormal, their level wanders from second to second as it does
 * on a real machine, percentiles and histograms are of the same values.
 */
export function makeResult(options: ResultOptions = {}): LoadResult {
  const { seed = 1, slower = 1, heavier = 1, hold = 40, connections = 1000, rate = 5000, samples = 400 } = options
  const { kinds = ['handshake', 'reply', 'push', 'post'], errors = 0, lost = 0, stall } = options
  const random = randomOf(seed)
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  const phases = phasesOf(hold, connections)
  const whole = new Map(kinds.map((kind) => [kind, newHistogram()]))
  const histogram = newHistogram()
  const seconds: SecondResult[] = []
  let level = 0
  let open = 0
  for (let second = 0; second < hold + 20; second++) {
    const phase = phases.findIndex((each) => second < each.to)
    const { kind, from, to, measured, connections: wanted } = phases[phase] as PhaseResult
    const share = kind === 'ramp' ? (second + 1 - from) / (to - from) : 1
    const before = phase === 0 ? 0 : (phases[phase - 1] as PhaseResult).connections
    const next = kind === 'ramp' || kind === 'drain' ? Math.round(before + (wanted - before) * share) : wanted
    const busy = kind === 'drain' ? 0 : Math.round(rate * Math.min(1, next / connections))
    level = 0.6 * level + 0.08 * normal()
    const opened = Math.max(0, next - open)
    const latencies: Partial<Record<LatencyName, SecondLatency>> = {}
    for (const name of kinds) {
      const values = name === 'handshake' ? Math.min(samples, opened) : busy === 0 ? 0 : samples
      if (values === 0) continue
      histogram.reset()
      const median =
        baseOf[name] * slower * Math.exp(level) * (kind === 'spike' ? 2.2 : 1) * (second === stall ? 100 : 1)
      for (let i = 0; i < values; i++) {
        const tail = random() < 0.01 ? 6 : 1
        histogram.recordValue(Math.max(1, Math.round(median * tail * Math.exp(0.45 * normal()) * 1000)))
      }
      latencies[name] = secondLatency(histogram)
      if (measured) whole.get(name)?.add(histogram)
    }
    const failing = kind === 'hold' || kind === 'spike' ? errors : 0
    seconds.push({
      second,
      phase,
      connections: { open: next, opening: opened > 0 ? 3 : 0, opened, closed: Math.max(0, open - next), failed: 0 },
      messages: { out: busy, in: Math.max(0, busy - failing) },
      pushes: { posted: Math.round(busy / 10), received: Math.round(busy / 10) },
      fanOut: { expected: 0, received: 0 },
      rest: { requests: 0 },
      bytes: { out: busy * 130 + opened * 400, in: busy * 150 + opened * 200 },
      errors:
        failing === 0
          ? {}
          : { replyTimeout: Math.ceil(failing * 0.8), ...(failing > 4 && { closed: Math.floor(failing * 0.2) }) },
      latencies,
      client: { lagP99: 1 + random(), lagMax: 2 + 3 * random(), cpu: (busy / rate) * 0.5 * (1 + 0.1 * random()) },
      machineCpu: Math.min(1, 0.05 + (busy / rate) * 0.5 + 0.05 * random()),
    })
    open = next
  }
  const sum = (of: (second: SecondResult) => number) => seconds.reduce((total, each) => total + of(each), 0)
  const counted = seconds.filter(({ phase }) => phases[phase]?.measured === true)
  const rateOf = (of: (second: SecondResult) => number) =>
    counted.reduce((total, each) => total + of(each), 0) / counted.length
  const totalErrors: Partial<Record<ErrorKind, number>> = {}
  for (const each of seconds) {
    for (const [kind, count] of Object.entries(each.errors)) {
      totalErrors[kind as ErrorKind] = (totalErrors[kind as ErrorKind] ?? 0) + count
    }
  }
  const errorCount = Object.values(totalErrors).reduce((total, each) => total + each, 0)
  const posted = sum((each) => each.pushes.posted)
  const opened = sum((each) => each.connections.opened)
  const out = sum((each) => each.messages.out)
  const operations = opened + out + posted
  const p99 = whole.get('reply')?.getValueAtPercentile(99) ?? 0
  const thresholds = [
    { threshold: 'reply.p99 < 50 ms', actual: p99 / 1000, unit: 'ms', passed: p99 < 50_000 },
    {
      threshold: 'errors < 0.1 %',
      actual: (errorCount / operations) * 100,
      unit: '%',
      passed: errorCount / operations < 0.001,
    },
    { threshold: 'lost == 0', actual: lost, unit: '', passed: lost === 0 },
  ] as const
  return {
    format: resultFormat,
    version: resultVersion,
    run: {
      scenario: 'chat-room',
      file: 'load/chat-room.yaml',
      description: 'A chat room with many members: every message gets a reply, backends push now and then.',
      definition: {
        target: 'ws://127.0.0.1:8080/chat/dev',
        messages: [{ send: { action: 'say', text: 'hello {{stamp}}' }, rate, reply: { correlate: 'stamp' } }],
        phases: [
          { phase: 'ramp', connections, duration: '10s', measured: false },
          { phase: 'hold', duration: `${hold}s` },
          { phase: 'spike', connections: connections * 2, duration: '5s' },
          { phase: 'drain', duration: '5s' },
        ],
        thresholds: thresholds.map(({ threshold }) => threshold),
      },
      targets: ['ws://127.0.0.1:8080/chat/dev'],
      startedAt: Date.UTC(2026, 2, 1, 12),
      duration: seconds.length * 1000,
      ended: 'done',
      endedWhy: null,
      versions: { postern: '0.1.0', node: '22.14.0' },
      machine: { system: 'linux 6.1.0 x64', cpu: 'Example CPU at 3.0 GHz', cores: 4, memoryBytes: 16 * 1024 ** 3 },
      options: { workers: 2, ownsTarget: false },
    },
    phases,
    seconds,
    totals: {
      connections: {
        attempted: opened,
        opened,
        failed: 0,
        peak: Math.max(...seconds.map((each) => each.connections.open)),
        missing: 0,
      },
      messages: { out, in: sum((each) => each.messages.in), replies: out - errorCount, unsent: 0, unexpected: 0 },
      pushes: { posted, accepted: posted, received: posted - lost, unsent: 0 },
      rest: { requests: 0 },
      bytes: { out: sum((each) => each.bytes.out), in: sum((each) => each.bytes.in) },
      errors: errorCount,
      operations,
      errorShare: errorCount / operations,
      rates: {
        messagesOut: rateOf((each) => each.messages.out),
        messagesIn: rateOf((each) => each.messages.in),
        pushes: rateOf((each) => each.pushes.received),
        rest: 0,
        handshakes: rateOf((each) => each.connections.opened),
      },
    },
    latencies: Object.fromEntries(latencyNames.map((name) => [name, latencyOf(whole.get(name))])) as Record<
      LatencyName,
      LatencyResult | null
    >,
    closes: { 1000: opened },
    statuses: { handshakes: { 101: opened }, posts: { 200: posted }, rest: {} },
    errors: totalErrors,
    errorSamples:
      errorCount === 0 ? [] : [{ kind: 'replyTimeout', message: 'no reply within 10 s', count: errorCount }],
    delivery: { pushes: accountOf(posted, lost), fanOut: null },
    checks: [{ name: 'reply of say: $.type equals "said"', passed: out - errorCount, failed: 0, sample: null }],
    thresholds,
    passed: thresholds.every((each) => each.passed),
    client: {
      wasBottleneck: false,
      why: [],
      notes: ['The target runs on this machine too: it and the client share its cores.'],
      workers: [0, 1].map((index) => ({
        pid: 4000 + index,
        connections,
        lagP99: 1.8,
        lagMax: 4.9,
        cpuMean: 0.5,
        cpuMax: 0.56,
        peakMemoryBytes: 120 * 1024 ** 2,
      })),
    },
    processes: [
      {
        name: '127.0.0.1:8080',
        pid: 3990,
        command: 'node dist/cli/main.js start routes',
        samples: seconds.map(({ second, messages }) => ({
          second: second + 0.5,
          cpu: (0.03 + 0.85 * (messages.out / rate)) * heavier * (1 + 0.1 * (random() - 0.5)),
          memoryBytes: Math.round((90 + 40 * Math.min(1, second / 20) + 6 * random()) * heavier * 1024 ** 2),
        })),
      },
    ],
  }
}

function phasesOf(hold: number, connections: number): PhaseResult[] {
  return [
    { name: 'ramp', kind: 'ramp', from: 0, to: 10, connections, measured: false },
    { name: 'hold', kind: 'hold', from: 10, to: 10 + hold, connections, measured: true },
    { name: 'spike', kind: 'spike', from: 10 + hold, to: 15 + hold, connections: connections * 2, measured: true },
    { name: 'drain', kind: 'drain', from: 15 + hold, to: 20 + hold, connections: 0, measured: false },
  ]
}

function newHistogram(): Histogram {
  return build({ highestTrackableValue: 120_000_000, numberOfSignificantValueDigits: 3, bitBucketSize: 32 })
}

function secondLatency(histogram: Histogram): SecondLatency {
  const at = (percentile: number) => histogram.getValueAtPercentile(percentile) / 1000
  return { count: histogram.totalCount, p50: at(50), p90: at(90), p99: at(99), max: histogram.maxValue / 1000 }
}

function latencyOf(histogram: Histogram | undefined): LatencyResult | null {
  if (histogram === undefined || histogram.totalCount === 0) return null
  const at = (percentile: number) => histogram.getValueAtPercentile(percentile) / 1000
  return {
    count: histogram.totalCount,
    mean: histogram.mean / 1000,
    min: histogram.minNonZeroValue / 1000,
    ...{ p50: at(50), p75: at(75), p90: at(90), p95: at(95), p99: at(99), p999: at(99.9), p9999: at(99.99) },
    max: histogram.maxValue / 1000,
    histogram: encodeIntoCompressedBase64(histogram),
  }
}

function accountOf(expected: number, lost: number): DeliveryAccount {
  return { expected, received: expected - lost, lost, duplicated: 0, outOfOrder: 0, cutOff: 0, unannounced: 0 }
}
