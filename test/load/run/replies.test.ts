import { expect, test } from 'vitest'
import { decodeHistogram } from '../../../load/src/report/histogram.ts'
import { readResult } from '../../../load/src/report/read-result.ts'
import { echo, play, startServer } from './play.ts'

test('every message and reply is counted once, as the server counts them', async () => {
  let [connections, received, sent] = [0, 0, 0]
  const { ws } = await startServer({
    onConnection(socket) {
      connections++
      socket.on('message', (data) => {
        received++
        sent++
        socket.send(data.toString())
      })
    },
  })
  const result = await play({
    target: ws,
    phases: [
      { phase: 'ramp', connections: 20, duration: '500ms' },
      { phase: 'hold', duration: '1s' },
    ],
    messages: [{ send: { n: '{{counter}}' }, every: '20ms', reply: true }],
    thresholds: ['reply.p99 < 5 s', 'errors == 0', 'connections == 20', 'closes.1000 == 20'],
  })
  expect(received).toBeGreaterThan(100)
  expect(result.totals).toMatchObject({
    connections: { attempted: 20, opened: 20, failed: 0, peak: 20, missing: 0 },
    messages: { out: received, in: sent, replies: sent, unexpected: 0 },
    errors: 0,
    operations: 20 + received,
  })
  expect(connections).toBe(20)
  expect(result.latencies.reply?.count).toBe(sent)
  expect(result.latencies.handshake?.count).toBe(20)
  expect(result.statuses.handshakes).toEqual({ '101': 20 })
  expect(result.closes).toEqual({ '1000': 20 })
  expect(result.thresholds.map(({ passed }) => passed)).toEqual([true, true, true, true])
  expect(result.passed).toBe(true)
  // The parts add up to the whole.
  const sum = (of: (second: (typeof result.seconds)[number]) => number) =>
    result.seconds.reduce((total, second) => total + of(second), 0)
  expect(sum(({ messages }) => messages.out)).toBe(received)
  expect(sum(({ messages }) => messages.in)).toBe(sent)
  expect(sum(({ connections }) => connections.opened)).toBe(20)
  expect(sum(({ connections }) => connections.closed)).toBe(20)
  expect(sum(({ latencies }) => latencies.reply?.count ?? 0)).toBe(sent)
  expect(decodeHistogram(result.latencies.reply?.histogram ?? '').totalCount).toBe(sent)
  expect(result.seconds.at(-1)?.connections.open).toBe(0)
  // What is written is what the reports read.
  expect(readResult(JSON.stringify(result), 'result.json')).toEqual(JSON.parse(JSON.stringify(result)))
})

test('a server that stands still for a second shows in the p99, since latency counts from when a message was due', async () => {
  let stalledUntil = 0
  const { ws } = await startServer({
    onConnection(socket) {
      socket.on('message', (data) => {
        // Held back once: a client that waits for its replies sends nothing meanwhile.
        if (stalledUntil === 0) stalledUntil = performance.now() + 1000
        setTimeout(() => socket.send(data.toString()), Math.max(0, stalledUntil - performance.now()))
      })
    },
  })
  const result = await play({
    target: ws,
    phases: [
      { phase: 'ramp', connections: 1, rate: 100, traffic: false },
      { phase: 'hold', duration: '3s' },
    ],
    messages: [{ send: 'x', every: '20ms', inFlight: 1, reply: true }],
  })
  const reply = result.latencies.reply
  // Of 150 messages 50 were due while it stood still, and waited half a second on average.
  expect(reply?.count).toBeGreaterThan(50)
  expect(reply?.p99).toBeGreaterThan(900)
  expect(reply?.p75).toBeGreaterThan(100)
  // Each that was due left, late as it may have been, but for those that a busy machine had not sent at the end, or was
  // late to begin with; the reply to the last one may come after it.
  const { out, unsent } = result.totals.messages
  expect(out + unsent).toBeGreaterThanOrEqual(60)
  expect(out - (reply?.count ?? 0)).toBeLessThanOrEqual(1)
})

test('a constant delay of the server is the latency that is reported', async () => {
  const { ws } = await startServer({
    onConnection: (socket) => socket.on('message', (data) => setTimeout(() => socket.send(data.toString()), 100)),
  })
  const result = await play({
    target: ws,
    phases: [
      { phase: 'ramp', connections: 5, rate: 100, traffic: false },
      { phase: 'hold', duration: '1s' },
    ],
    messages: [{ send: 'x', every: '50ms', reply: true }],
  })
  expect(result.latencies.reply?.min).toBeGreaterThan(98)
  expect(result.latencies.reply?.min).toBeLessThan(200)
})

test('replies in another order find their messages by a path, or by the stamp', async () => {
  const { ws } = await startServer({
    onConnection(socket) {
      let held: string | null = null
      socket.on('message', (data) => {
        // Two at a time, the second first and the first 100 ms later.
        const { id, stamp } = JSON.parse(data.toString())
        const reply = JSON.stringify({ replyTo: id, wrapped: { stamp } })
        if (held === null) held = reply
        else {
          const first = held
          held = null
          socket.send(reply)
          setTimeout(() => socket.send(first), 100)
        }
      })
    },
  })
  const phases = [
    { phase: 'ramp', connections: 2, rate: 100, traffic: false },
    { phase: 'hold', duration: '1s' },
  ]
  for (const correlate of ['stamp', { message: '$.id', reply: '$.replyTo' }]) {
    const result = await play({
      target: ws,
      phases,
      messages: [
        {
          send: { id: '{{uuid}}', stamp: '{{stamp}}' },
          every: '25ms',
          reply: { correlate, timeout: '10s' },
          inFlight: 100,
        },
      ],
      settle: '3s',
    })
    const { out, replies, unexpected } = result.totals.messages
    expect(unexpected).toBe(0)
    // An odd last message of a client is never answered.
    expect(out - replies).toBeLessThanOrEqual(2)
    expect(result.errors.replyTimeout ?? 0).toBe(out - replies)
    // Half of them come at once, half 100 ms after: a reply for another's message would even that out.
    expect(result.latencies.reply?.max).toBeGreaterThan(99)
    expect(result.latencies.reply?.p90).toBeGreaterThan(99)
  }
})

test('checks and missing replies are errors, counted one by one', async () => {
  let [messages, wrong, silent] = [0, 0, 0]
  const { ws } = await startServer({
    onConnection(socket) {
      socket.on('message', (data) => {
        const n = messages++
        if (n % 10 === 3) silent++
        else if (n % 5 === 1) {
          wrong++
          socket.send(JSON.stringify({ n: data.toString(), type: 'fault' }))
        } else socket.send(JSON.stringify({ n: data.toString(), type: 'pong' }))
      })
    },
  })
  const result = await play({
    target: ws,
    phases: [
      { phase: 'ramp', connections: 1, rate: 10, traffic: false },
      { phase: 'hold', duration: '3s' },
    ],
    messages: [
      {
        name: 'ping',
        send: '{{stamp}}',
        think: '1ms',
        reply: { correlate: 'stamp', timeout: '2s', check: { '$.type': 'pong', '$.n': { exists: true } } },
      },
    ],
    thresholds: ['errors == 0', 'checks > 99 %', 'errors.check > 0', 'errors < 90 %'],
  })
  expect(wrong).toBeGreaterThan(0)
  expect(silent).toBeGreaterThan(0)
  expect(result.errors).toEqual({ check: wrong, replyTimeout: silent })
  expect(result.checks).toEqual([
    {
      name: 'reply to ping: $.type is "pong"',
      passed: messages - silent - wrong,
      failed: wrong,
      sample: '$.type is "fault"',
    },
    { name: 'reply to ping: $.n exists', passed: messages - silent, failed: 0, sample: null },
  ])
  expect(result.totals.errorShare).toBeCloseTo((wrong + silent) / (messages + 1), 10)
  expect(result.thresholds.map(({ passed }) => passed)).toEqual([false, false, true, true])
  expect(result.passed).toBe(false)
})

test('a rate is kept over all clients and workers, and what is said of each client is what it sends', async () => {
  const rows = ['name,token', 'ann,t-1', '"b, ob",t-2', 'cy,t-3'].join('\n')
  const seen = new Map<string, Set<string>>()
  const urls = new Set<string>()
  let received = 0
  const { ws } = await startServer({
    onConnection(socket, request) {
      urls.add(`${request.url} ${request.headers.authorization} ${request.headers['x-key']}`)
      socket.on('message', (data) => {
        received++
        const { name, index, n } = JSON.parse(data.toString())
        const key = `${name} ${index}`
        seen.set(key, (seen.get(key) ?? new Set()).add(String(n)))
      })
    },
  })
  const result = await play(
    {
      target: `${ws}/?name={{data.name}}`,
      data: 'people.csv',
      connection: { headers: { Authorization: 'Bearer {{data.token}}', 'X-Key': '{{env.API_KEY}}' } },
      variables: { greeting: 'hello {{data.name}}' },
      phases: [
        { phase: 'ramp', connections: 4, rate: 100, traffic: false },
        { phase: 'hold', duration: '4s' },
      ],
      messages: [{ send: { name: '{{vars.greeting}}', index: '{{index}}', n: '{{counter}}' }, rate: 200 }],
    },
    { workers: 2, files: { 'people.csv': rows }, env: { API_KEY: 'k3y' } },
  )
  expect(result.totals.messages.out).toBe(received)
  // 200 a second for four seconds; a busy machine begins late, and what it could not send until the end is told.
  expect(received + result.totals.messages.unsent).toBeGreaterThan(400)
  expect(received + result.totals.messages.unsent).toBeLessThan(840)
  expect([...seen.keys()].sort()).toEqual(['hello ann 0', 'hello ann 3', 'hello b, ob 1', 'hello cy 2'])
  for (const counters of seen.values()) expect(counters.has('0')).toBe(true)
  expect([...urls].sort()).toEqual([
    '/?name=ann Bearer t-1 k3y',
    '/?name=b%2C%20ob Bearer t-2 k3y',
    '/?name=cy Bearer t-3 k3y',
  ])
  expect(result.client.workers.map(({ connections }) => connections)).toEqual([2, 2])
  // Nothing that came from the environment or the data file is in the result.
  expect(JSON.stringify(result)).not.toMatch(/k3y|t-1|ann/)
})

test('bytes are those that the sockets of the server saw', async () => {
  let [bytesIn, bytesOut] = [0, 0]
  const { ws } = await startServer({
    onConnection(socket, request) {
      echo(socket)
      request.socket.on('close', () => {
        bytesIn += request.socket.bytesRead
        bytesOut += request.socket.bytesWritten
      })
    },
  })
  const result = await play({
    target: ws,
    phases: [
      { phase: 'ramp', connections: 3, rate: 100 },
      { phase: 'hold', duration: '500ms' },
    ],
    messages: [{ send: '{{pad(70000)}}', every: '50ms', reply: true }],
  })
  // The server sees its sockets close after the client has.
  await expect.poll(() => ({ out: bytesIn, in: bytesOut })).toEqual(result.totals.bytes)
})
