import { z } from 'zod'
import type { Refusal, RefusalCode } from '../vocabulary/refusal.ts'

/**
 * The messages between the parent and its workers, as JSON over the channel that Node.js opens between a process and
 * its child. Either side may be of another version of Postern during a rolling restart: what a reader does not know
 * is ignored, and a member may be added, but never change its meaning.
 */

/** The places of a worker's settings: it reads them by itself, so that secrets stay out of messages and arguments. */
const sources = z.object({
  flags: z.record(z.string(), z.union([z.string(), z.boolean()])),
  file: z.string().nullable(),
})

const startOrder = z.object({
  kind: z.literal('start'),
  sources,
  /** The worker's name in its log lines and in the registry. */
  name: z.string(),
  /** The address that all workers listen on. */
  host: z.string(),
  port: z.int(),
  /** Origins of the pages that the management port serves. */
  managementOrigins: z.array(z.string()),
})

/** A request to the management port whose caller has been let in. */
const managedRequest = z.object({
  method: z.string(),
  path: z.string(),
  query: z.string(),
  headers: z.array(z.tuple([z.string(), z.string()])),
  /** The body as text; null for one that is too large for any request. */
  body: z.string().nullable(),
})

const question = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('status') }),
  z.object({ kind: z.literal('metrics') }),
  z.object({ kind: z.literal('apis') }),
  z.object({ kind: z.literal('refusals') }),
  z.object({ kind: z.literal('request'), request: managedRequest }),
])

const order = z.discriminatedUnion('kind', [
  startOrder,
  z.object({ kind: z.literal('reload') }),
  /** The order when all workers end: new connections are refused. */
  z.object({ kind: z.literal('drain'), seconds: z.number(), delaySeconds: z.number().default(0) }),
  /** The order when this worker ends and others go on: new connections are left to them. */
  z.object({ kind: z.literal('hand-over'), seconds: z.number() }),
  z.object({ kind: z.literal('ask'), id: z.int(), question }),
])

const report = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('listening'), scheme: z.enum(['ws', 'wss']) }),
  /** The report of a worker that can't start, and ends. */
  z.object({ kind: z.literal('failed'), message: z.string(), faults: z.array(z.looseObject({})) }),
  z.object({ kind: z.literal('answer'), id: z.int(), answer: z.unknown() }),
  /** The last word of a worker that has drained; `metrics` as `readSnapshot` takes them. */
  z.object({ kind: z.literal('goodbye'), metrics: z.unknown() }),
])

/** The answer to `status`: the reasons why no client should be sent to this worker. */
const status = z.object({ unready: z.array(z.string()) })

const managedAnswer = z.object({
  status: z.int(),
  headers: z.array(z.tuple([z.string(), z.string()])),
  body: z.string().nullable(),
})

const managedApis = z.array(
  z.object({
    apiId: z.string(),
    routeSelectionExpression: z.string().nullable(),
    stages: z.array(z.object({ stage: z.string(), routeKeys: z.array(z.string()), connections: z.number() })),
  }),
)

const refusals = z.array(
  z.object({
    time: z.number(),
    /** A code of the worker's own version. */
    code: z.string().transform((code) => code as RefusalCode),
    ...{ status: z.int(), cause: z.string(), host: z.string(), path: z.string(), sourceIp: z.string() },
  }),
)

export type WorkerSources = z.output<typeof sources>
export type StartOrder = z.output<typeof startOrder>
export type Order = z.output<typeof order>
export type WorkerQuestion = z.output<typeof question>
export type WorkerReport = z.output<typeof report>
export type WorkerStatus = z.output<typeof status>
export type ManagedRequest = z.output<typeof managedRequest>
export type ManagedAnswer = z.output<typeof managedAnswer>
export type ManagedApiList = z.output<typeof managedApis>

// Readers of what came from the other side; each gives null for what it does not know.
export const readOrder = (message: unknown): Order | null => order.safeParse(message).data ?? null
export const readWorkerReport = (message: unknown): WorkerReport | null => report.safeParse(message).data ?? null
export const readStatus = (answer: unknown): WorkerStatus | null => status.safeParse(answer).data ?? null
export const readManagedAnswer = (answer: unknown): ManagedAnswer | null => managedAnswer.safeParse(answer).data ?? null
export const readRefusals = (answer: unknown): Refusal[] | null => refusals.safeParse(answer).data ?? null
export const readManagedApis = (answer: unknown): ManagedApiList | null => managedApis.safeParse(answer).data ?? null
