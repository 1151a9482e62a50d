import type { ErrorKind, LatencyName } from '../contract.ts'
import type { ScenarioDefinition } from '../scenario/definition.ts'
import type { Counts } from './delivery.ts'

/** All that a worker process is told: plain data, sent once. */
export interface WorkerPlan {
  /** The number that stamps carry. */
  readonly run: number
  readonly scenario: ScenarioDefinition
  /** Numbers of the clients that live in this process, in order. */
  readonly clients: readonly number[]
  /** This worker's part of all clients, from 0 to 1: rates are split by it. */
  readonly share: number
  readonly data: readonly Readonly<Record<string, string>>[]
  readonly env: Readonly<Record<string, string>>
  /** Certificates that are trusted too. */
  readonly ca: string | null
  /** POSTs that may be under way from this process. */
  readonly postConcurrency: number
  /** Whether this process sends the REST requests. */
  readonly drivesRest: boolean
}

/** A message from the parent to a worker process. Times are those of `clock.ts`. */
export type Command =
  | { readonly type: 'plan'; readonly plan: WorkerPlan }
  | { readonly type: 'start'; readonly at: number }
  /** End traffic, drain, report. */
  | { readonly type: 'stop' }

/** A message from a worker process to its parent. */
export type Report =
  | { readonly type: 'ready' }
  | { readonly type: 'slice'; readonly slice: Slice }
  /** The news that as many messages as the scenario allows have been sent. */
  | { readonly type: 'limit' }
  | { readonly type: 'done'; readonly last: LastWords }
  | { readonly type: 'failed'; readonly message: string }

/** The counts of one second, or of the part of it that belongs to one phase. */
export interface Slice {
  readonly second: number
  /** The second is over: no more slices of it come. */
  readonly isLast: boolean
  /** Length of the slice in milliseconds. */
  readonly duration: number
  readonly phase: number
  readonly measured: boolean
  /** The phases are over: only what is still to come is waited for. */
  readonly settling: boolean
  readonly open: number
  /** Most that were open at a time. */
  readonly peak: number
  readonly opening: number
  readonly counters: Counters
  readonly errors: Partial<Record<ErrorKind, number>>
  /** Counts of a `LatencyRecorder`. */
  readonly latencies: Partial<Record<LatencyName, Uint32Array>>
  readonly lagP99: number
  readonly lagMax: number
  /** Cores used. */
  readonly cpu: number
  readonly memoryBytes: number
}

export const noCounters = {
  attempted: 0,
  opened: 0,
  closed: 0,
  failed: 0,
  messagesOut: 0,
  messagesIn: 0,
  replies: 0,
  unexpected: 0,
  posted: 0,
  accepted: 0,
  pushesReceived: 0,
  fanOutExpected: 0,
  fanOutReceived: 0,
  restRequests: 0,
  bytesOut: 0,
  bytesIn: 0,
}

export type Counters = typeof noCounters

/** The figures of a worker that are known only at the end. */
export interface LastWords {
  readonly closes: Readonly<Record<string, number>>
  readonly statuses: Readonly<Record<'handshakes' | 'posts' | 'rest', Readonly<Record<string, number>>>>
  readonly errorSamples: readonly { readonly kind: ErrorKind; readonly message: string; readonly count: number }[]
  readonly checks: readonly {
    readonly name: string
    readonly passed: number
    readonly failed: number
    readonly sample: string | null
  }[]
  readonly pushes: Counts
  readonly fanOut: Counts
  readonly messagesUnsent: number
  readonly pushesUnsent: number
}
