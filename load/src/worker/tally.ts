import { type ErrorKind, type LatencyName, latencyNames } from '../contract.ts'
import { LatencyRecorder } from '../histogram.ts'
import { noCounts } from './delivery.ts'
import { type Counters, type LastWords, noCounters, type Slice } from './plan.ts'

/** Different texts of errors that are kept; what comes after counts without its text. */
const maxSamples = 100
const maxSampleLength = 200

type StatusFamily = keyof LastWords['statuses']

/**
 * The counts of a worker process: array slots and numbers, since some of it happens a hundred thousand times a second.
 */
export class Tally {
  counters: Counters = { ...noCounters }
  #open = 0
  #peak = 0
  opening = 0
  messagesUnsent = 0
  pushesUnsent = 0
  readonly pushes = noCounts()
  readonly fanOut = noCounts()
  readonly #latencies = Object.fromEntries(latencyNames.map((name) => [name, new LatencyRecorder()])) as Record<
    LatencyName,
    LatencyRecorder
  >
  #errors: Partial<Record<ErrorKind, number>> = {}
  readonly #samples = new Map<string, { kind: ErrorKind; message: string; count: number }>()
  readonly #closes = new Map<string, number>()
  readonly #statuses: Record<StatusFamily, Map<string, number>> = {
    handshakes: new Map(),
    posts: new Map(),
    rest: new Map(),
  }
  readonly #checks = new Map<string, { name: string; passed: number; failed: number; sample: string | null }>()

  get open(): number {
    return this.#open
  }

  set open(count: number) {
    this.#open = count
    this.#peak = Math.max(this.#peak, count)
  }

  /** Records a latency in milliseconds. */
  latency(name: LatencyName, millis: number): void {
    this.#latencies[name].record(millis)
  }

  /** Counts an error; one message that stands for several counts as often. */
  error(kind: ErrorKind, message: string, count = 1): void {
    this.#errors[kind] = (this.#errors[kind] ?? 0) + count
    const text = message.slice(0, maxSampleLength)
    const known = this.#samples.get(`${kind} ${text}`)
    if (known !== undefined) known.count += count
    else if (this.#samples.size < maxSamples) this.#samples.set(`${kind} ${text}`, { kind, message: text, count })
  }

  closed(code: number): void {
    increment(this.#closes, String(code))
  }

  status(family: StatusFamily, status: number): void {
    increment(this.#statuses[family], String(status))
  }

  check(name: string, passed: boolean, sample: string): void {
    const check = this.#checks.get(name) ?? { name, passed: 0, failed: 0, sample: null }
    this.#checks.set(name, check)
    if (passed) check.passed++
    else {
      check.failed++
      check.sample ??= sample.slice(0, maxSampleLength)
    }
  }

  /** Takes what was counted since the last call. */
  take(): Pick<Slice, 'open' | 'peak' | 'opening' | 'counters' | 'errors' | 'latencies'> {
    const latencies: Slice['latencies'] = {}
    for (const name of latencyNames) {
      const counts = this.#latencies[name].take()
      if (counts !== null) latencies[name] = counts
    }
    const { open, opening, counters } = this
    const taken = { open, peak: this.#peak, opening, counters, errors: this.#errors, latencies }
    this.#peak = open
    this.counters = { ...noCounters }
    this.#errors = {}
    return taken
  }

  lastWords(): LastWords {
    const { handshakes, posts, rest } = this.#statuses
    return {
      closes: Object.fromEntries(this.#closes),
      statuses: {
        handshakes: Object.fromEntries(handshakes),
        posts: Object.fromEntries(posts),
        rest: Object.fromEntries(rest),
      },
      errorSamples: [...this.#samples.values()],
      checks: [...this.#checks.values()],
      pushes: this.pushes,
      fanOut: this.fanOut,
      messagesUnsent: this.messagesUnsent,
      pushesUnsent: this.pushesUnsent,
    }
  }
}

function increment(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}
