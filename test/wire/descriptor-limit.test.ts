import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { type Backend, startBackend } from '../helpers/backend.ts'
import { Client } from '../helpers/client.ts'
import { readMetrics } from '../helpers/metrics.ts'
import { minimalApi } from '../helpers/postern.ts'
import { type GatewayProcess, startProcess } from '../helpers/process.ts'

const handshake = [
  'GET /test/dev HTTP/1.1',
  'Host: 127.0.0.1',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  '\r\n',
].join('\r\n')

let directory: string
let backend: Backend
let gateway: GatewayProcess
const sockets: Socket[] = []

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'postern-descriptors-'))
  backend = await startBackend()
  const ask = { integrationType: 'HTTP_PROXY', integrationMethod: 'POST', integrationUri: backend.url }
  const routes = { ask: { integration: ask, routeResponse: true } }
  writeFileSync(join(directory, 'api.yaml'), stringify({ ...minimalApi, apiId: 'test', routes }))
  gateway = await startProcess([directory], {}, 256)
}, 60_000)

afterAll(async () => {
  for (const socket of sockets) socket.destroy()
  gateway.child.kill('SIGKILL')
  await backend.close()
  rmSync(directory, { recursive: true })
})

/** Opens a TCP connection, says something or nothing, and gives the status that came, or how it ended. */
async function open(text: string): Promise<string> {
  const socket = connect(gateway.port, '127.0.0.1')
  sockets.push(socket)
  socket.on('error', () => {})
  await Promise.race([once(socket, 'connect'), once(socket, 'close')])
  if (text === '') return 'silent'
  socket.write(text)
  const [data] = await Promise.race([once(socket, 'data'), once(socket, 'close')])
  const status = Buffer.isBuffer(data) ? (data.toString().split(' ')[1] as string) : 'closed'
  // As clients do that are refused.
  if (status === '503') socket.destroy()
  return status
}

/** Milliseconds of CPU that the gateway has taken, in user and kernel; a tick of the kernel's clock is 10 ms. */
function cpuMillis(): number {
  const fields = readFileSync(`/proc/${gateway.child.pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}

test.runIf(process.platform === 'linux')('a process whose descriptors run out goes on', async () => {
  const warning = gateway.lines.find((line) => line.includes('maxConnections is 100000'))
  expect(JSON.parse(warning as string)).toMatchObject({ level: 'warn', limit: 256 })
  const early = await Client.connect(`ws://127.0.0.1:${gateway.port}/test/dev`)

  const answers: string[] = []
  for (let i = 0; i < 200; i++) answers.push(await open(handshake))
  const accepted = answers.filter((answer) => answer === '101').length
  expect(accepted).toBeGreaterThan(100)
  expect(accepted).toBeLessThan(192)
  expect(new Set(answers)).toEqual(new Set(['101', '503']))

  // Whoever connects and says nothing can't take the rest.
  for (let i = 0; i < 150; i++) await open('')
  const metric = async (name: string) => (await readMetrics(gateway.managementPort)).get(name)
  expect(await metric('postern_errors_total{api="test",code="TOO_FEW_DESCRIPTORS",stage="dev"}')).toBe(200 - accepted)
  // For a client a connection is there before the server takes or refuses it.
  await expect.poll(() => metric('postern_sockets_refused_total{cause="descriptors"}')).toBeGreaterThan(100)
  expect((await fetch(`http://127.0.0.1:${gateway.managementPort}/healthz`)).status).toBe(200)

  // Who is connected is served, and backends are reached.
  backend.answer = (_call, response) => void response.end('answered')
  early.send('{"action":"ask"}')
  expect(await early.next()).toBe('answered')

  // It rests once it has dealt with them all; one that spins never would.
  const workOfHalfASecond = async () => {
    const before = cpuMillis()
    await pause(500)
    return cpuMillis() - before
  }
  await expect.poll(workOfHalfASecond, { timeout: 20_000 }).toBeLessThan(250)

  for (const socket of sockets) socket.destroy()
  await expect.poll(() => open(handshake), { timeout: 20_000 }).toBe('101')
  early.close()
})
