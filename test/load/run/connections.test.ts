import { readFileSync } from 'node:fs'
import { createServer as createTlsServer } from 'node:https'
import { createServer } from 'node:net'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { freePort } from '../../../load/fleet/free-port.ts'
import { type Certificates, makeCertificates } from '../../transport/certificates.ts'
import { begin, echo, play, startServer } from './play.ts'

let certificates: Certificates
beforeAll(() => {
  certificates = makeCertificates()
})
afterAll(() => certificates.remove())

const short = (connections: number) => [
  { phase: 'ramp', connections, rate: 100 },
  { phase: 'hold', duration: '800ms' },
]

test('closes are counted by their codes, and those that nobody asked for are errors', async () => {
  let connections = 0
  const { ws } = await startServer({
    onConnection(socket) {
      const n = connections++
      if (n < 4) socket.close(4001, 'enough')
      else if (n < 6) socket.close()
      else if (n < 9) socket.terminate()
      else if (n < 10) socket.close(1012)
    },
  })
  const result = await play({ target: ws, phases: short(15), thresholds: ['closes.4001 == 4', 'closes.1006 == 0'] })
  expect(result.closes).toEqual({ '1000': 5, '1005': 2, '1006': 3, '1012': 1, '4001': 4 })
  expect(result.errors).toEqual({ closed: 10 })
  expect(result.errorSamples).toContainEqual({ kind: 'closed', message: '4001 enough', count: 4 })
  expect(result.thresholds.map(({ actual, passed }) => [actual, passed])).toEqual([
    [4, true],
    [3, false],
  ])
})

test('refused handshakes are counted by status, and what is no handshake by what is wrong with it', async () => {
  const answers = [
    'HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n',
    'HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n',
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: no\r\n\r\n',
    'SSH-2.0-OpenSSH\r\n\r\n',
    '',
  ]
  let n = 0
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => socket.end(answers[n++ % answers.length] ?? ''))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as { port: number }
  const result = await play({ target: `ws://127.0.0.1:${port}`, phases: short(10) })
  expect(result.totals.connections).toEqual({ attempted: 10, opened: 0, failed: 10, peak: 0, missing: 10 })
  expect(result.statuses.handshakes).toEqual({ '101': 2, '403': 2, '503': 2 })
  expect(result.errors).toEqual({ handshakeStatus: 4, handshakeProtocol: 4, connect: 2 })
  expect(result.errorSamples).toContainEqual({ kind: 'handshakeStatus', message: '403 Forbidden', count: 2 })
  expect(result.latencies.handshake).toBeNull()
})

test('a server that does not answer the handshake is given up on, and one that is not there is told', async () => {
  const server = createServer((socket) => socket.on('error', () => {}))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as { port: number }
  const silent = await play({
    target: `ws://127.0.0.1:${port}`,
    phases: short(3),
    connection: { timeout: '200ms' },
  })
  expect(silent.errors).toEqual({ handshakeTimeout: 3 })
  server.close()
  const unused = await freePort()
  const absent = await play({ target: `ws://127.0.0.1:${unused}`, phases: short(2) })
  expect(absent.errors).toEqual({ connect: 2 })
  expect(absent.errorSamples[0]?.message).toBe(`ECONNREFUSED 127.0.0.1:${unused}`)
})

test('clients whose connection is lost come back when the scenario says so', async () => {
  let connections = 0
  const { ws } = await startServer({
    onConnection(socket) {
      echo(socket)
      if (connections++ < 5) setTimeout(() => socket.terminate(), 100)
    },
  })
  const result = await play({
    target: ws,
    phases: [
      { phase: 'ramp', connections: 5, rate: 100 },
      { phase: 'hold', duration: '2s' },
    ],
    connection: { reconnect: { uniform: ['10ms', '50ms'] } },
    messages: [{ send: 'x', every: '50ms', reply: true }],
  })
  expect(connections).toBe(10)
  expect(result.totals.connections).toMatchObject({ attempted: 10, opened: 10, peak: 5 })
  expect(result.closes).toEqual({ '1000': 5, '1006': 5 })
  expect(result.seconds.at(-1)?.connections.open).toBe(0)
})

test('connections with a lifetime are replaced one by one, and resets leave no close frame', async () => {
  let connections = 0
  const codes: Record<number, number> = {}
  const { ws, sockets } = await startServer({
    onConnection(socket) {
      connections++
      socket.on('error', () => {})
      socket.on('close', (code) => {
        codes[code] = (codes[code] ?? 0) + 1
      })
    },
  })
  const result = await play({
    target: ws,
    // Ideally sixty connections: a busy machine is late with each.
    phases: [
      { phase: 'ramp', connections: 4, rate: 100 },
      { phase: 'hold', duration: '3s' },
    ],
    connection: { lifetime: '200ms', close: 'reset' },
  })
  expect(connections).toBe(result.totals.connections.opened)
  expect(connections).toBeGreaterThan(10)
  expect(result.totals.connections.peak).toBeLessThanOrEqual(4)
  expect(result.errors).toEqual({})
  await expect.poll(() => sockets.size).toBe(0)
  await expect.poll(() => codes).toEqual({ 1006: connections })
  expect(result.closes).toEqual({ '1006': connections })
})

test('ramps open evenly, spikes at once and only for their time, drains close all', async () => {
  const events: { at: number; open: number }[] = []
  let open = 0
  const { ws } = await startServer({
    onConnection(socket) {
      events.push({ at: Date.now(), open: ++open })
      socket.on('close', () => events.push({ at: Date.now(), open: --open }))
    },
  })
  const result = await play(
    {
      target: ws,
      phases: [
        { phase: 'ramp', connections: 10, duration: '2s', name: 'up' },
        { phase: 'spike', connections: 30, duration: '1500ms' },
        { phase: 'hold', duration: '1500ms' },
        { phase: 'drain', duration: '500ms' },
      ],
    },
    { workers: 2 },
  )
  const openAt = (millis: number) => events.findLast(({ at }) => at - result.run.startedAt <= millis)?.open ?? 0
  expect(Math.max(...events.map((event) => event.open))).toBe(30)
  // A busy machine may open and close late, by more than a second, and never too early.
  expect(openAt(1000)).toBeLessThan(9)
  expect(openAt(1950)).toBeGreaterThan(2)
  expect(openAt(4950)).toBe(10)
  expect(events.at(-1)?.open).toBe(0)
  expect(result.phases.map(({ name, kind, connections }) => [name, kind, connections])).toEqual([
    ['up', 'ramp', 10],
    ['spike 2', 'spike', 30],
    ['hold 3', 'hold', 10],
    ['drain 4', 'drain', 0],
  ])
  expect(result.totals.connections).toEqual({ attempted: 30, opened: 30, failed: 0, peak: 30, missing: 0 })
  expect(result.closes).toEqual({ '1000': 30 })
})

test('TLS targets: trusted by the scenario, refused without, taken unverified when that is said', async () => {
  const key = readFileSync(certificates.key, 'utf8')
  const cert = readFileSync(certificates.certificate, 'utf8')
  const { ws } = await startServer({ onConnection: echo, createServer: () => createTlsServer({ key, cert }) })
  const phases = [
    { phase: 'ramp', connections: 3, rate: 100 },
    { phase: 'hold', duration: '2500ms' },
  ]
  const scenario = { target: ws, phases, messages: [{ send: 'x', every: '20ms', reply: true }] }
  const trusted = await play({ ...scenario, connection: { tls: { ca: 'ca.pem' } } }, { files: { 'ca.pem': cert } })
  expect(trusted.totals.connections.opened).toBe(3)
  expect(trusted.totals.messages.replies).toBe(trusted.totals.messages.out)
  expect(trusted.errors).toEqual({})
  const refused = await play({ ...scenario, phases: short(3) })
  expect(refused.errors).toEqual({ connect: 3 })
  expect(refused.errorSamples[0]?.message).toBe('DEPTH_ZERO_SELF_SIGNED_CERT')
  const unverified = await play({ ...scenario, connection: { tls: { verify: false } } })
  expect(unverified.errors).toEqual({})
  expect(unverified.latencies.reply?.count).toBe(unverified.totals.messages.out)
})

test('slow clients read as slowly as they say, and the others at full speed', async () => {
  const buffered = new Map<string, number>()
  const { ws, sockets } = await startServer({
    onConnection(socket, request) {
      // More than the kernel holds for one that does not read; the others have read all of it long before the end.
      const piece = Buffer.alloc(100_000, 'x')
      for (let i = 0; i < 300; i++) socket.send(piece, { binary: false })
      const timer = setInterval(() => buffered.set(request.url ?? '', socket.bufferedAmount), 10)
      socket.on('close', () => clearInterval(timer))
      socket.on('error', () => {})
    },
  })
  const result = await play({
    target: `${ws}/{{index}}`,
    phases: [
      { phase: 'ramp', connections: 4, rate: 100 },
      { phase: 'hold', duration: '2s' },
    ],
    connection: { slow: { share: 0.25, bytesPerSecond: 1000 }, close: 'reset' },
    settle: '0ms',
  })
  await expect.poll(() => sockets.size).toBe(0)
  expect(result.totals.messages.unexpected).toBe(result.totals.messages.in)
  expect([...buffered.values()].filter((bytes) => bytes > 1_000_000)).toHaveLength(1)
})

test('a run that is stopped drains and still reports what it did', async () => {
  const { ws, sockets } = await startServer({ onConnection: echo })
  const seen: number[] = []
  let stop: () => void = () => {}
  const run = await begin(
    {
      target: ws,
      phases: [
        { phase: 'ramp', connections: 5, rate: 100 },
        { phase: 'hold', duration: '5m' },
        { phase: 'drain', duration: '1s' },
      ],
      messages: [{ send: 'x', every: '10ms', reply: true }],
    },
    {
      onSecond: ({ second }) => {
        seen.push(second)
        if (second === 1) stop()
      },
    },
  )
  stop = run.stop
  const result = await run.result
  expect(result.run.ended).toBe('interrupted')
  expect(result.run.duration).toBeLessThan(60_000)
  expect(result.totals.messages.replies).toBe(result.totals.messages.out)
  expect(result.closes).toEqual({ '1000': 5 })
  await expect.poll(() => sockets.size).toBe(0)
  expect(result.phases).toHaveLength(2)
  expect(seen).toEqual(result.seconds.map(({ second }) => second))
})

test('a run ends when it has sent as many messages as it may', async () => {
  let received = 0
  const { ws } = await startServer({
    onConnection(socket) {
      echo(socket)
      socket.on('message', () => received++)
    },
  })
  const result = await play({
    target: ws,
    limits: { messages: 500 },
    phases: [
      { phase: 'ramp', connections: 5, rate: 100 },
      { phase: 'hold', duration: '5m' },
    ],
    messages: [{ send: 'x', think: '0ms', reply: true }],
  })
  expect(result.run).toMatchObject({ ended: 'limit', endedWhy: expect.stringContaining('limits.messages: 500') })
  expect(received).toBe(500)
  expect(result.totals.messages).toMatchObject({ out: 500, replies: 500 })
})

test('a handshake that is under way when the run ends is waited for, and what is never answered is an error', async () => {
  let n = 0
  const held: (() => void)[] = []
  const { ws } = await startServer({
    onConnection() {},
    onUpgrade: (pass) => {
      // The first is let through late, the second never.
      if (n++ === 0) held.push(pass)
    },
  })
  const run = await begin({ target: ws, phases: [{ phase: 'ramp', connections: 2, rate: 20 }], settle: '3s' })
  await expect.poll(() => held.length).toBe(1)
  setTimeout(() => held[0]?.(), 400)
  const result = await run.result
  expect(result.totals.connections).toEqual({ attempted: 2, opened: 1, failed: 1, peak: 1, missing: 2 })
  expect(result.errors).toEqual({ handshakeTimeout: 1 })
  expect(result.closes).toEqual({ '1000': 1 })
})

test('a worker that dies is an error, and the others report', async () => {
  const { ws } = await startServer({ onConnection: echo })
  const before = new Set(childrenOf(process.pid))
  let killed = 0
  const result = await play(
    {
      target: ws,
      phases: [
        { phase: 'ramp', connections: 6, rate: 100 },
        { phase: 'hold', duration: '2s' },
      ],
      messages: [{ send: 'x', every: '20ms', reply: true }],
    },
    {
      workers: 2,
      onSecond() {
        const [worker] = killed > 0 ? [] : childrenOf(process.pid).filter((pid) => !before.has(pid))
        if (worker === undefined) return
        killed = worker
        process.kill(worker, 'SIGKILL')
      },
    },
  )
  expect(killed).toBeGreaterThan(0)
  expect(result.errors).toEqual({ worker: 1 })
  expect(result.errorSamples[0]?.message).toMatch(/^worker [12] ended: SIGKILL$/)
  expect(result.closes).toEqual({ '1000': 3 })
  expect(result.seconds.length).toBeGreaterThan(1)
})

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
}

test('clients take several targets in turn, and say their subprotocol', async () => {
  const seen: string[] = []
  const servers = await Promise.all(
    ['a', 'b'].map((name) =>
      startServer({
        onConnection: (socket, request) => seen.push(`${name} ${request.url} ${socket.protocol}`),
      }),
    ),
  )
  const result = await play(
    {
      target: servers.map(({ ws }) => `${ws}/{{index}}`),
      connection: { subprotocols: ['chat'], sourceAddresses: ['127.0.0.1', '127.0.0.2'] },
      phases: short(5),
    },
    { workers: 2 },
  )
  expect(seen.sort()).toEqual(['a /0 chat', 'a /2 chat', 'a /4 chat', 'b /1 chat', 'b /3 chat'])
  expect(result.errors).toEqual({})
  expect(result.run.targets).toEqual(servers.map(({ ws }) => `${ws}/{{index}}`))
})
