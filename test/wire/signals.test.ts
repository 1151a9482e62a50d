import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { type Backend, startBackend } from '../helpers/backend.ts'
import { builtCommand, builtPostern } from '../helpers/built.ts'
import { Client, refused } from '../helpers/client.ts'
import { says } from '../helpers/definitions.ts'
import { readMetrics } from '../helpers/metrics.ts'
import { type Definition, minimalApi } from '../helpers/postern.ts'
import { type GatewayProcess, startProcess } from '../helpers/process.ts'

let backend: Backend
let directory: string
let gateway: GatewayProcess
beforeEach(async () => {
  backend = await startBackend()
  directory = await mkdtemp(join(tmpdir(), 'postern-'))
})
afterEach(async () => {
  gateway?.child.kill('SIGKILL')
  await gateway?.exited
  await backend.close()
  await rm(directory, { recursive: true, force: true })
})

const proxy = (path: string) => ({
  integrationType: 'HTTP_PROXY',
  integrationMethod: 'POST',
  integrationUri: backend.url + path,
  requestParameters: { 'integration.request.header.code': 'context.disconnectStatusCode' },
})
const define = (definition: Definition) =>
  writeFile(join(directory, 'api.yaml'), stringify({ ...minimalApi, ...definition }))
const routes = () => ({
  $default: { integration: proxy('/message'), routeResponse: true },
  $disconnect: { integration: proxy('/disconnect') },
})
const url = () => `ws://127.0.0.1:${gateway.port}/test/dev`
const ready = () => fetch(`http://127.0.0.1:${gateway.managementPort}/readyz`)

test('SIGTERM: not ready, new connections refused, sockets close with 1001 over the time, messages under way finish, exit 0', async () => {
  await define({ routes: routes() })
  gateway = await startProcess([directory, '--drain-seconds', '4'])
  expect((await ready()).status).toBe(200)
  const clients = await Promise.all(Array.from({ length: 10 }, () => Client.connect(url())))
  const busy = await Client.connect(url())
  let finish = () => {}
  backend.answer = (call, response) => {
    if (call.url === '/message') finish = () => void response.end('finished')
    else response.end()
  }
  busy.send('work')
  await backend.call(1)

  const ends: number[] = []
  for (const client of clients) void client.closed.then(() => ends.push(performance.now()))
  const startedAt = performance.now()
  gateway.child.kill('SIGTERM')
  await clients[0]?.closed
  const answer = await ready()
  expect([answer.status, ((await answer.json()) as { reasons: string[] }).reasons]).toEqual([503, ['draining']])
  expect((await refused(url())).status).toBe(503)
  expect(busy.socket.readyState).toBe(busy.socket.OPEN)
  finish()
  expect(await busy.next()).toBe('finished')
  for (const client of [...clients, busy]) expect(await client.closed).toEqual({ code: 1001, reason: 'Going away' })
  expect(await gateway.exited).toEqual({ code: 0, signal: null })

  const disconnects = backend.calls.filter((call) => call.url === '/disconnect')
  expect(disconnects.map((call) => call.headers.code)).toEqual(Array.from({ length: 11 }, () => '1001'))
  // Evenly spread: half of them are not gone in the first quarter of the time.
  expect((ends[5] as number) - startedAt).toBeGreaterThan(1_000)
})

test('a push to a connection that is not closed yet is delivered while draining', async () => {
  await define({
    routes: {
      $default: says('$context.connectionId'),
    },
  })
  gateway = await startProcess([directory, '--drain-seconds', '4'])
  const [first, last] = [await Client.connect(url()), await Client.connect(url())]
  last.send('who am I')
  const id = await last.next()
  gateway.child.kill('SIGTERM')
  await first.closed
  const { status } = await fetch(`http://127.0.0.1:${gateway.port}/test/dev/@connections/${encodeURIComponent(id)}`, {
    method: 'POST',
    body: 'bye',
  })
  expect(status).toBe(200)
  expect(await last.next()).toBe('bye')
  expect((await last.closed).code).toBe(1001)
  expect((await gateway.exited).code).toBe(0)
})

test('SIGINT ends all connections at once and in order; a second signal does not wait for anything', async () => {
  await define({ routes: routes() })
  backend.answer = () => {}
  gateway = await startProcess([directory])
  const client = await Client.connect(url())
  gateway.child.kill('SIGINT')
  expect((await client.closed).code).toBe(1001)
  await backend.call(1)
  gateway.child.kill('SIGINT')
  expect(await gateway.exited).toEqual({ code: 1, signal: null })
})

test('SIGHUP to a gateway that is only starting ends nothing, and is carried out once it serves', async () => {
  await define({ routes: routes() })
  gateway = await startProcess([directory], {}, null, async (child) => {
    await expect.poll(() => catches(child.pid as number, 1), { interval: 1, timeout: 20_000 }).toBe(true)
    child.kill('SIGHUP')
  })
  const reloads = async () =>
    (await readMetrics(gateway.managementPort)).get('postern_definition_reloads_total{outcome="applied"}')
  await expect.poll(reloads).toBe(2)
})

test('SIGHUP to a worker process that is only starting does not end it', async () => {
  const child = spawn(process.execPath, [builtPostern, 'worker-process', 'web-1'], { stdio: 'ignore' })
  const exited = once(child, 'exit')
  await expect.poll(() => catches(child.pid as number, 1), { interval: 1, timeout: 20_000 }).toBe(true)
  child.kill('SIGHUP')
  // It has no parent to work for, and says so.
  expect(await exited).toEqual([1, null])
})

test('SIGHUP ends a gateway that starts at no moment from its first statement on', async () => {
  await define({ routes: routes() })
  let stop = () => {}
  gateway = await startProcess([directory], {}, null, async (child) => {
    await expect.poll(() => catches(child.pid as number, 1), { interval: 1, timeout: 20_000 }).toBe(true)
    const timer = setInterval(() => child.kill('SIGHUP'), 5)
    stop = () => clearInterval(timer)
  }).finally(() => stop())
  await (await Client.connect(url())).close()
  expect(gateway.child.signalCode).toBeNull()
})

test('the command holds signals before it loads anything else', async () => {
  const preload = join(directory, 'preload.cjs')
  await writeFile(
    preload,
    `const Module = require('node:module')
    const load = Module._load
    Module._load = function (request, parent, ...rest) {
      if (parent?.filename?.endsWith('postern.cjs') && request !== './early-signals.cjs') process.kill(process.pid, 'SIGHUP')
      return load.call(this, request, parent, ...rest)
    }`,
  )
  const child = spawn(process.execPath, ['--require', preload, builtCommand, 'worker-process', 'web-1'], {
    stdio: 'ignore',
  })
  expect(await once(child, 'exit')).toEqual([1, null])
})

/** Whether a process has a handler for a signal of that number (proc(5), `SigCgt`). */
function catches(pid: number, signal: number): boolean {
  const [, mask = '0'] = /^SigCgt:\s*([0-9a-f]+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return (BigInt(`0x${mask}`) & (1n << BigInt(signal - 1))) !== 0n
}

test('SIGHUP reloads definitions without touching a socket', async () => {
  await define({ routes: routes() })
  gateway = await startProcess([directory])
  const client = await Client.connect(url())
  backend.answer = (call, response) => void response.end(call.url)
  client.send('one')
  expect(await client.next()).toBe('/message')
  await define({ routes: { $default: { integration: proxy('/other'), routeResponse: true } } })
  const deployed = gateway.lines.filter((line) => line.includes('API deployed')).length
  gateway.child.kill('SIGHUP')
  await expect.poll(() => gateway.lines.filter((line) => line.includes('API deployed')).length).toBe(deployed + 1)
  client.send('two')
  expect(await client.next()).toBe('/other')
  client.close()
})

test('--watch reloads when a definition changes', async () => {
  await define({ routes: routes() })
  gateway = await startProcess([directory, '--watch'])
  const client = await Client.connect(url())
  await define({ routes: { $default: { integration: proxy('/other'), routeResponse: true } } })
  await expect
    .poll(() => gateway.lines.filter((line) => line.includes('API deployed')).length, { timeout: 20_000 })
    .toBe(2)
  backend.answer = (call, response) => void response.end(call.url)
  client.send('two')
  expect(await client.next()).toBe('/other')
  client.close()
})
