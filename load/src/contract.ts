/**
 * The result of a load test: the file that `--json` writes, that reports are drawn from and that `compare` reads. Plain
 * JSON. Times of day are milliseconds since 1970, durations and latencies milliseconds with fractions, sizes bytes,
 * shares from 0 to 1. A figure that could not be measured is null, never 0.
 */
export interface LoadResult {
  readonly format: typeof resultFormat
  /** Rises when a member changes its meaning or goes away; new members alone don't raise it. */
  readonly version: typeof resultVersion
  readonly run: RunInfo
  readonly phases: readonly PhaseResult[]
  /** One entry for every second of the run, without gaps, in order: entry n covers [n, n + 1) seconds after the start. */
  readonly seconds: readonly SecondResult[]
  readonly totals: Totals
  /**
   * Latencies of all measured phases together, without those that say `measured: false`; null where nothing was
   * recorded.
   */
  readonly latencies: Readonly<Record<LatencyName, LatencyResult | null>>
  /**
   * The number of WebSockets closed with each code, whoever closed; by code, `"1000"`. 1006 is a socket that ended
   * without a close frame.
   */
  readonly closes: Readonly<Record<string, number>>
  /** HTTP answers by status: of handshakes (101 included), of POSTs to `@connections`, and of REST requests. */
  readonly statuses: {
    readonly handshakes: Readonly<Record<string, number>>
    readonly posts: Readonly<Record<string, number>>
    readonly rest: Readonly<Record<string, number>>
  }
  /** Only kinds that occurred. */
  readonly errors: Readonly<Partial<Record<ErrorKind, number>>>
  /** Texts of errors, the most frequent first, a bounded number of them. */
  readonly errorSamples: readonly ErrorSample[]
  /** Accounts of pushes and of fan-out; null for what the scenario does not have. */
  readonly delivery: { readonly pushes: DeliveryAccount | null; readonly fanOut: DeliveryAccount | null }
  readonly checks: readonly CheckResult[]
  readonly thresholds: readonly ThresholdResult[]
  /** Every threshold holds. Also true without thresholds. */
  readonly passed: boolean
  readonly client: ClientHealth
  /** Processes on this machine that listen on the target's ports, and those that the scenario watches. Empty off Linux. */
  readonly processes: readonly ProcessResult[]
}

export const resultFormat = 'postern-load-result'
export const resultVersion = 1

export interface RunInfo {
  /** `name` of the scenario, else its file name without extension. */
  readonly scenario: string
  /** The scenario's file as given on the command line. */
  readonly file: string
  readonly description: string | null
  /** The scenario as it was read, defaults not filled in, so that a result can be run again. Holds no values from the environment or data files. */
  readonly definition: unknown
  /** Without credentials. */
  readonly targets: readonly string[]
  readonly startedAt: number
  /** Milliseconds from the start to the last close. */
  readonly duration: number
  /** `done`; `interrupted` by Ctrl-C; `limit` reached, see `endedWhy`. */
  readonly ended: 'done' | 'interrupted' | 'limit'
  readonly endedWhy: string | null
  readonly versions: { readonly postern: string; readonly node: string }
  readonly machine: {
    /** `linux 6.1.0 x64` */
    readonly system: string
    readonly cpu: string
    readonly cores: number
    readonly memoryBytes: number
  }
  /** Choices of the command line. */
  readonly options: { readonly workers: number; readonly ownsTarget: boolean }
}

export interface PhaseResult {
  readonly name: string
  readonly kind: 'ramp' | 'hold' | 'spike' | 'drain'
  /** Seconds after the start, with fractions. */
  readonly from: number
  readonly to: number
  /** The connections that the phase wanted at its end. */
  readonly connections: number
  /** Whether it counts in `latencies` and in the rates of `totals`. */
  readonly measured: boolean
}

export const latencyNames = ['handshake', 'reply', 'push', 'post', 'fanOut', 'rest'] as const

/**
 * - `handshake`: `connect` called → 101 read, TCP and TLS included.
 * - `reply`: a message was due → its reply read. From when it was due and not from when it left, so that a stall counts
 *   in full (coordinated omission).
 * - `push`: a POST to `@connections` was due → its frame read by the client.
 * - `post`: a POST to `@connections` was due → its HTTP answer read.
 * - `fanOut`: a message was due → its frame read by another client of the group.
 * - `rest`: a REST request left → its answer read, as autocannon measures it, corrected by its rate.
 */
export type LatencyName = (typeof latencyNames)[number]

export interface SecondResult {
  /** Number of the second, from 0. */
  readonly second: number
  /** Index into `phases`. */
  readonly phase: number
  readonly connections: {
    /** Open at the end of the second. */
    readonly open: number
    /** Handshakes under way at the end of the second. */
    readonly opening: number
    /** Connections opened in this second, as `closed` and `failed` are those of this second. */
    readonly opened: number
    readonly closed: number
    readonly failed: number
  }
  readonly messages: {
    /** Messages sent over WebSockets. */
    readonly out: number
    /** Messages of any kind read from WebSockets. */
    readonly in: number
  }
  readonly pushes: { readonly posted: number; readonly received: number }
  readonly fanOut: { readonly expected: number; readonly received: number }
  readonly rest: { readonly requests: number }
  /** Bytes on the sockets of WebSockets and posters, handshakes and frame heads included; TLS is not. */
  readonly bytes: { readonly out: number; readonly in: number }
  readonly errors: Readonly<Partial<Record<ErrorKind, number>>>
  /** Only of what was recorded in this second. */
  readonly latencies: Readonly<Partial<Record<LatencyName, SecondLatency>>>
  /** The worst of the client's workers. Null when a worker said nothing for this second: it was that busy. */
  readonly client: {
    readonly lagP99: number | null
    readonly lagMax: number | null
    /** Cores that the busiest worker used: 1 is all that it can. */
    readonly cpu: number | null
  }
  /** Share of all cores of this machine that were busy, whoever used them. */
  readonly machineCpu: number | null
}

export interface SecondLatency {
  readonly count: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly max: number
}

export interface LatencyResult {
  readonly count: number
  readonly mean: number
  readonly min: number
  readonly p50: number
  readonly p75: number
  readonly p90: number
  readonly p95: number
  readonly p99: number
  readonly p999: number
  readonly p9999: number
  readonly max: number
  /** All values in **microseconds**, as HdrHistogram's compressed V2 base64: `decodeFromCompressedBase64(histogram)`. */
  readonly histogram: string
}

/** Over the whole run; rates over the measured phases, a second. */
export interface Totals {
  readonly connections: {
    readonly attempted: number
    readonly opened: number
    readonly failed: number
    /** Most open at a time; of several workers the sum of their own peaks within a second. */
    readonly peak: number
    /** Wanted at the end of the last phase that keeps any, and not open. */
    readonly missing: number
  }
  readonly messages: {
    readonly out: number
    readonly in: number
    /** Replies that came for messages that want one. */
    readonly replies: number
    /** Messages that were due and could not leave before the end: the target was too slow for the schedule. */
    readonly unsent: number
    /** Frames that are neither a reply, a push nor a fan-out. */
    readonly unexpected: number
  }
  readonly pushes: {
    readonly posted: number
    readonly accepted: number
    readonly received: number
    readonly unsent: number
  }
  readonly rest: { readonly requests: number }
  readonly bytes: { readonly out: number; readonly in: number }
  /** All kinds. */
  readonly errors: number
  /**
   * The number of things that could go wrong, which `errorShare` relates to: handshakes, messages, POSTs and REST
   * requests.
   */
  readonly operations: number
  /** `errors / operations`, at most 1; 0 without operations. */
  readonly errorShare: number
  readonly rates: {
    readonly messagesOut: number
    readonly messagesIn: number
    readonly pushes: number
    readonly rest: number
    /** Handshakes that succeeded. */
    readonly handshakes: number
  }
}

/** Every kind of error and what it means. */
export const errorKinds = {
  connect: 'No TCP or TLS connection: refused, reset, no such host, certificate not trusted.',
  handshakeStatus: 'The handshake was answered with another status than 101.',
  handshakeProtocol: 'The 101 was not one of RFC 6455, such as a wrong Sec-WebSocket-Accept.',
  handshakeTimeout: 'No answer to the handshake in time.',
  setUp: 'A step of onOpen got no reply, or one without the value that it saves.',
  closed: 'A WebSocket ended that the client did not close.',
  protocol: 'The server broke RFC 6455: a masked frame, an unknown opcode, a length that is not allowed.',
  replyTimeout: 'A reply did not come in time.',
  replyLost: 'The WebSocket ended before the reply came.',
  check: 'A check on a reply did not hold.',
  postStatus: 'A POST to @connections was answered with another status than is expected.',
  postFailed: 'A POST to @connections got no answer: not connected, reset, out of time.',
  restStatus: 'A REST request was answered with another status than is expected.',
  restFailed: 'A REST request got no answer: not connected, reset, out of time.',
  worker: 'A worker process of the client ended by itself; its connections are gone.',
} as const satisfies Readonly<Record<string, string>>

export type ErrorKind = keyof typeof errorKinds

export interface ErrorSample {
  readonly kind: ErrorKind
  /** `410 Gone`, `ECONNREFUSED 127.0.0.1:8080`. */
  readonly message: string
  readonly count: number
}

/** Frames that clients should have got, each by its number. `expected = received + lost + cutOff`. */
export interface DeliveryAccount {
  readonly expected: number
  /** Each once, however often it came. */
  readonly received: number
  /** Never came, although the client stayed connected. */
  readonly lost: number
  /** Came once more. */
  readonly duplicated: number
  /** Came after a later one of the same sender to the same client. */
  readonly outOfOrder: number
  /** Frames that were not there when the connection of the client ended: they could not come any more. */
  readonly cutOff: number
  /** Came although the POST was refused; never for fan-out. */
  readonly unannounced: number
}

export interface CheckResult {
  /** `reply of say: $.type equals "said"`. */
  readonly name: string
  readonly passed: number
  readonly failed: number
  /** Text of the first failure. */
  readonly sample: string | null
}

export interface ThresholdResult {
  /** The threshold as the scenario writes it: `reply.p99 < 50 ms`. */
  readonly threshold: string
  /** The measured value in the unit of the threshold; null when nothing was measured, which fails. */
  readonly actual: number | null
  readonly unit: 'ms' | '%' | '/s' | 'MiB' | ''
  readonly passed: boolean
}

export interface ClientHealth {
  /** The figures say more of the client than of the target. Reports have to say so in words. */
  readonly wasBottleneck: boolean
  /** Sentences; empty when it was not. */
  readonly why: readonly string[]
  /** Sentences on what a reader should know and that spoils nothing by itself, such as a machine without idle cores. */
  readonly notes: readonly string[]
  readonly workers: readonly WorkerHealth[]
}

export interface WorkerHealth {
  readonly pid: number
  readonly connections: number
  /** Event loop lag in milliseconds: of the measured seconds, the worst. */
  readonly lagP99: number
  readonly lagMax: number
  /** Cores used, average and busiest second. */
  readonly cpuMean: number
  readonly cpuMax: number
  readonly peakMemoryBytes: number
}

export interface ProcessResult {
  /** The name under `watch` or the URL's authority that it listens on. */
  readonly name: string
  readonly pid: number
  /** `node dist/cli/main.js start`, cut; without what may be a secret. */
  readonly command: string
  /** About one a second, in order; ends where the process ended. */
  readonly samples: readonly { readonly second: number; readonly cpu: number; readonly memoryBytes: number }[]
}
