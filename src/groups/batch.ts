import { setImmediate as nextTurn } from 'node:timers/promises'
import { createCallPipeline } from '../connections/call-pipeline.ts'
import type { CallbackTarget } from '../connections/callback-call.ts'
import type { ArrivedCall, CallbackRefusal } from '../connections/callback-steps.ts'
import type { Entrance } from '../connections/entrance.ts'
import type { Log } from '../observability/contract.ts'
import type { BodyFlow, StreamedExchange } from '../transport/contract.ts'
import { wrong } from './group-steps.ts'
import { LineStream } from './line-stream.ts'
import { type BatchRegistry, type BatchStage, brokenItemJson, createItemRunner } from './run-item.ts'

export interface BatchOptions {
  readonly registry: BatchRegistry
  readonly entrance: Entrance
  readonly log: Log
}

/** Bytes of a batch that is read as a whole: a JSON array, or lines where they can't be worked on as they come. */
export const maxBatchBytes = 8 * 1024 * 1024
/** Items that are worked on before other work of the process gets its turn. */
const itemsPerTurn = 500
const linesType = 'application/x-ndjson'

/** A batch on its way through the steps; `begin` does what it asks for. */
interface BatchCall extends ArrivedCall {
  readonly operation: 'postBatch'
  /** The body as it comes, which has to go on before the batch is refused; null where it is read as a whole. */
  readonly flow: BodyFlow | null
  readonly begin: (batch: BatchCall) => CallbackRefusal | null | Promise<CallbackRefusal | null>
}

/**
 * Creates the handler of `POST /@batch`: many messages for many targets, as a JSON array, or as lines of JSON that are
 * read, run and answered as they come. Each item has a result, in the order of the items, and a bad one spoils no other.
 */
export function createBatchHandler({ registry, entrance, log }: BatchOptions) {
  const runItem = createItemRunner(registry)
  const run = createCallPipeline<BatchCall>({
    steps: [...entrance.steps, entrance.claim, (batch) => batch.begin(batch)],
    // A paused body has to go on, or the next request can not be told from it.
    refusing: ({ flow }) => flow?.resume(),
    failure: 'a batch failed',
    log,
  })

  /** Runs an item whatever comes: a fault of ours is a result too. */
  function runSafely(value: unknown, stage: BatchStage): string | Promise<string> {
    try {
      const result = runItem(value, stage)
      return typeof result === 'string' ? result : result.catch(failed)
    } catch (error) {
      return failed(error)
    }
  }

  function failed(error: unknown): string {
    log.error({ err: error }, 'an item of a batch failed')
    return '{"status":500,"message":"Internal server error"}'
  }

  function runLine(line: string, stage: BatchStage): string | Promise<string> {
    const parsed = parse(line)
    return 'fault' in parsed ? brokenItemJson(parsed.fault) : runSafely(parsed.value, stage)
  }

  async function runAll<T>(items: readonly T[], runOne: (item: T) => string | Promise<string>, batch: BatchCall) {
    const results: (string | Promise<string>)[] = []
    for (const item of items) {
      if (batch.call.exchange.aborted) break
      results.push(runOne(item))
      if (results.length % itemsPerTurn === 0) await nextTurn()
    }
    return Promise.all(results)
  }

  async function answerArray(batch: BatchCall): Promise<CallbackRefusal | null> {
    const { call, body } = batch
    const parsed = parse((body as Buffer).toString())
    if ('fault' in parsed) return wrong(parsed.fault)
    if (!Array.isArray(parsed.value))
      return wrong('the body is a JSON array of items, or lines of application/x-ndjson')
    const stage = stageOf(batch)
    const results = await runAll(parsed.value as unknown[], (item) => runSafely(item, stage), batch)
    call.succeed(`[${results.join(',')}]`)
    return null
  }

  async function answerLines(batch: BatchCall): Promise<null> {
    const { call, body } = batch
    const stage = stageOf(batch)
    const lines = (body as Buffer).toString().split('\n')
    const results = await runAll(
      lines.filter((line) => line.trim() !== ''),
      (line) => runLine(line, stage),
      batch,
    )
    call.succeed(results.map((result) => `${result}\n`).join(''), 200, linesType)
    return null
  }

  return function handle(exchange: StreamedExchange, target: CallbackTarget): void {
    const arrival = entrance.arrive(exchange, target, 'postBatch', null)
    if (arrival === null) return
    const parts = { ...arrival, operation: 'postBatch' as const }
    const areLines = isOfLines(exchange.request.header('content-type'))
    if (!areLines || entrance.readsBody || arrival.once !== null) {
      const begin = areLines ? answerLines : answerArray
      return exchange.readBody(maxBatchBytes, (body) => run({ ...parts, hasBody: true, body, flow: null, begin }))
    }
    const stage = stageOf(parts)
    const stream = new LineStream((line) => runLine(line, stage))
    const flow = exchange.readPieces((piece, isLast) => stream.take(piece, isLast))
    stream.hold(flow)
    exchange.onAborted(() => stream.abort())
    const begin = ({ call }: BatchCall) => {
      const body = call.begin(exchange, linesType)
      if (body !== null) stream.open(body)
      return null
    }
    run({ ...parts, hasBody: false, body: null, flow, begin })
  }
}

function stageOf({ call }: Pick<ArrivedCall, 'call'>): BatchStage {
  return { apiId: call.stage.apiId, stage: call.stage.name, reachedApi: call.reachedApi }
}

function isOfLines(contentType: string): boolean {
  const [mediaType = ''] = contentType.split(';', 1)
  return /^application\/(x-ndjson|ndjson|jsonl|x-jsonlines|jsonlines)$/i.test(mediaType.trim())
}

function parse(text: string): { readonly value: unknown } | { readonly fault: string } {
  try {
    return { value: JSON.parse(text) as unknown }
  } catch (error) {
    return { fault: `this is no JSON: ${(error as SyntaxError).message}` }
  }
}
