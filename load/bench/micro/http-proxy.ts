/**
 * The cost of a message on its way through HTTP_PROXY, against undici's own dispatch doing the same exchange, with 100
 * calls in flight: CPU microseconds of this process for one exchange. The backend runs in a process of its own.
 *
 *     npx tsx load/bench/micro/http-proxy.ts
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Dispatcher, Pool } from 'undici'
import { CallDeadlines } from '../../../src/backends/call-deadlines.ts'
import { createBackendPools } from '../../../src/backends/pools.ts'
import { MessageEvent } from '../../../src/events/message-event.ts'
import { createHttpIntegrationType } from '../../../src/integrations/http.ts'
import type { ConnectionRecord } from '../../../src/vocabulary/connection.ts'

const inFlight = 100
const exchanges = 60_000
const rounds = 5
const message = JSON.stringify({ action: 'sendMessage', room: 'blue', text: 'x'.repeat(42) })

if (process.argv[2] === 'backend') serve()
else await main()

function serve(): void {
  const server = createServer((request, response) => {
    request.resume()
    request.on('end', () => response.end('{"ok":true}'))
  })
  server.keepAliveTimeout = 60_000
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
}

async function main(): Promise<void> {
  const backend = fork(process.argv[1] as string, ['backend'])
  const [port] = (await once(backend, 'message')) as [number]
  const origin = `http://127.0.0.1:${port}`

  const pools = createBackendPools({
    connectTimeoutInMillis: 3_000,
    maxConnectionsPerOrigin: 128,
    maxWaitingPerOrigin: 1_024,
    maxResponseBytes: 10_485_760,
  })
  const compiled = createHttpIntegrationType({ pools }).compile(
    {
      integrationType: 'HTTP_PROXY',
      integrationMethod: 'POST',
      integrationUri: `${origin}/message`,
      timeoutInMillis: 29_000,
      passthroughBehavior: 'WHEN_NO_MATCH',
      requestParameters: { 'integration.request.header.connectionId': 'context.connectionId' },
    },
    {
      apiId: 'bench',
      stage: 'dev',
      stageVariables: {},
      directory: '.',
      functions: {},
      nullFunctionResult: 'ERROR',
      forwardWebSocketHeaders: true,
    },
  )
  if (compiled.faults !== null) throw new Error(JSON.stringify(compiled.faults))
  const integration = compiled.open()
  const connection: ConnectionRecord = {
    connectionId: 'L0SM9cOFvHcCIhw=',
    apiId: 'bench',
    stage: 'dev',
    connectedAt: 0,
    sourceIp: '127.0.0.1',
    userAgent: null,
    domainName: 'localhost',
    authorizer: null,
    identity: null,
  }
  const fail = (error: unknown): never => {
    throw error
  }
  const ours = (done: () => void): void => {
    const result = integration.invoke(new MessageEvent(connection, 'sendMessage', message, 0))
    if (result instanceof Promise) result.then(done, fail)
  }

  const pool = new Pool(origin, { connections: 128, pipelining: 1 })
  const raw = (done: () => void): void => {
    const chunks: Buffer[] = []
    const handler: Dispatcher.DispatchHandler = {
      onConnect() {},
      onHeaders: () => true,
      onData(chunk) {
        chunks.push(chunk)
        return true
      },
      onComplete() {
        Buffer.concat(chunks)
        done()
      },
      onError: fail,
    }
    pool.dispatch(
      { method: 'POST', path: '/message', headers: { 'content-type': 'application/json' }, body: message },
      handler,
    )
  }

  const results: { raw: number[]; ours: number[] } = { raw: [], ours: [] }
  await measure(raw, exchanges / 4)
  await measure(ours, exchanges / 4)
  for (let round = 0; round < rounds; round++) {
    results.raw.push(await measure(raw, exchanges))
    results.ours.push(await measure(ours, exchanges))
  }
  const best = { raw: Math.min(...results.raw), ours: Math.min(...results.ours) }
  console.log(`raw undici dispatch  ${best.raw.toFixed(1)} µs CPU`)
  console.log(`HTTP_PROXY           ${best.ours.toFixed(1)} µs CPU  (${(best.ours / best.raw).toFixed(2)} ×)`)
  measureDeadlines()

  integration.close()
  pools.close()
  await pool.close()
  backend.kill()
}

/** CPU microseconds of this process for one exchange. */
async function measure(exchange: (done: () => void) => void, count: number): Promise<number> {
  const before = process.cpuUsage()
  await new Promise<void>((resolve) => {
    let started = 0
    let ended = 0
    const done = (): void => {
      if (++ended === count) resolve()
      else if (started < count) next()
    }
    const next = (): void => {
      started++
      exchange(done)
    }
    for (let i = 0; i < inFlight; i++) next()
  })
  const { user, system } = process.cpuUsage(before)
  return (user + system) / count
}

function measureDeadlines(): void {
  const count = 1_000_000
  const deadlines = new CallDeadlines(29_000)
  const calls = Array.from({ length: inFlight }, () => ({
    startedAt: performance.now(),
    earlier: null,
    later: null,
    expire() {},
  }))
  for (const call of calls) deadlines.add(call)
  let start = performance.now()
  for (let i = 0; i < count; i++) {
    const call = calls[i % inFlight] as (typeof calls)[number]
    deadlines.remove(call)
    deadlines.add(call)
  }
  console.log(`CallDeadlines        ${(((performance.now() - start) * 1000) / count).toFixed(3)} µs`)

  const timers = calls.map(() => setTimeout(() => {}, 29_000))
  start = performance.now()
  for (let i = 0; i < count; i++) {
    clearTimeout(timers[i % inFlight])
    timers[i % inFlight] = setTimeout(() => {}, 29_000)
  }
  console.log(`setTimeout           ${(((performance.now() - start) * 1000) / count).toFixed(3)} µs`)
  for (const timer of timers) clearTimeout(timer)
}
