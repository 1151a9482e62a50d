import { expect, test } from 'vitest'
import type { WebSocket } from 'ws'
import { startGateway } from '../../helpers/postern.ts'
import { play, startServer } from './play.ts'

/** A gateway by hand, with a way to spoil what it delivers. */
async function startPushServer(
  deliver: (push: { n: number; id: string; body: string; send: (body: string) => void }) => number,
) {
  const sockets = new Map<string, WebSocket>()
  let posts = 0
  const statuses: Record<string, number> = {}
  const server = await startServer({
    onConnection(socket) {
      const id = `id+${sockets.size}=`
      sockets.set(id, socket)
      socket.on('message', () => socket.send(JSON.stringify({ you: { id } })))
    },
    onRequest(request, body, response) {
      const id = decodeURIComponent(/^\/stage\/@connections\/([^/]+)$/.exec(request.url ?? '')?.[1] ?? '')
      const socket = sockets.get(id)
      const status = deliver({ n: posts++, id, body, send: (text) => socket?.send(text) })
      statuses[status] = (statuses[status] ?? 0) + 1
      response.writeHead(status, { 'Content-Length': 0 }).end()
    },
  })
  return { ...server, statuses, posts: () => posts }
}

const pushing = {
  onOpen: [{ send: 'who', save: { connectionId: '$.you.id' } }],
  phases: [
    { phase: 'ramp', connections: 10, rate: 100, traffic: false },
    { phase: 'hold', duration: '1500ms' },
  ],
  settle: '3s',
}

test('pushes that are dropped, come twice or come late are each counted, and no other', async () => {
  let [dropped, doubled, delayed, overtaken] = [0, 0, 0, 0]
  const truth = { posted: 0 }
  /** The last push that was sent to each client, whatever came before it. */
  const newest = new Map<string, number>()
  const server = await startPushServer(({ n, id, body, send: write }) => {
    truth.posted++
    const send = (text: string) => {
      newest.set(id, Math.max(n, newest.get(id) ?? 0))
      write(text)
    }
    if (n % 100 === 99) dropped++
    else if (n % 40 === 7) {
      doubled++
      send(body)
      send(body)
    } else if (n % 50 === 11) {
      // Long after the next push to the same client: ten clients take turns.
      delayed++
      setTimeout(() => {
        if ((newest.get(id) ?? 0) > n) overtaken++
        send(body)
      }, 400)
    } else send(`{"wrapped":${JSON.stringify(body)}}`)
    return 200
  })
  const result = await play({
    ...pushing,
    target: `${server.ws}/stage`,
    phases: [
      { phase: 'ramp', connections: 10, rate: 100, traffic: false },
      { phase: 'hold', duration: '3s' },
    ],
    pushes: { rate: 300, concurrency: 4 },
    thresholds: ['lost == 0', 'lost < 5 %', 'duplicated > 0', 'outOfOrder > 0', 'push.p50 < 5 s', 'post.p50 < 5 s'],
  })
  const { pushes } = result.totals
  expect(pushes).toMatchObject({ posted: truth.posted, accepted: truth.posted })
  // 300 a second for three seconds; a busy machine begins late, and what it could not post until the end is told.
  expect(pushes.posted + pushes.unsent).toBeGreaterThanOrEqual(440)
  expect(pushes.posted + pushes.unsent).toBeLessThanOrEqual(910)
  expect(dropped).toBeGreaterThan(0)
  const account = result.delivery.pushes
  expect(account).toMatchObject({
    expected: truth.posted,
    received: truth.posted - dropped,
    lost: dropped,
    duplicated: doubled,
    cutOff: 0,
    unannounced: 0,
  })
  // Those at the very end were not overtaken any more.
  expect(account?.outOfOrder).toBe(overtaken)
  expect(overtaken).toBeGreaterThan(0)
  expect(overtaken).toBeLessThanOrEqual(delayed)
  expect(result.latencies.push?.count).toBe(truth.posted - dropped)
  expect(result.latencies.push?.max).toBeGreaterThan(399)
  expect(result.latencies.post?.count).toBe(truth.posted)
  expect(result.statuses.posts).toEqual({ '200': truth.posted })
  expect(result.thresholds.map(({ passed }) => passed)).toEqual([false, true, true, true, true, true])
  expect(result.errors).toEqual({})
})

test('a POST that is refused is an error and its push is not expected; one that comes all the same is told', async () => {
  let [refused, leaked] = [0, 0]
  const server = await startPushServer(({ n, body, send }) => {
    if (n % 10 === 5) {
      refused++
      if (n % 20 === 5) {
        leaked++
        send(body)
      }
      return n % 30 === 5 ? 410 : 500
    }
    send(body)
    return 200
  })
  const result = await play({
    ...pushing,
    target: `${server.ws}/stage`,
    pushes: { concurrency: 3, expect: [200, 410] },
  })
  const gone = server.statuses['410'] ?? 0
  expect(result.statuses.posts).toEqual(server.statuses)
  expect(result.errors).toEqual({ postStatus: refused - gone })
  expect(result.delivery.pushes).toEqual({
    expected: server.posts() - refused,
    received: server.posts() - refused,
    lost: 0,
    duplicated: 0,
    outOfOrder: 0,
    cutOff: 0,
    unannounced: leaked,
  })
})

test('pushes through @connections of the gateway all come, once and in order', async () => {
  const gateway = await startGateway({
    routes: {
      whoami: {
        routeResponse: true,
        integration: {
          integrationType: 'MOCK',
          requestTemplates: { 'application/json': '{"statusCode":200}' },
          integrationResponses: {
            $default: { responseTemplates: { $default: '{"connectionId":"$context.connectionId"}' } },
          },
        },
      },
    },
  })
  try {
    const result = await play(
      {
        target: gateway.ws,
        onOpen: [{ send: { action: 'whoami' }, save: { connectionId: '$.connectionId' } }],
        phases: [
          { phase: 'ramp', connections: 20, rate: 200, traffic: false },
          { phase: 'hold', duration: '3s' },
          { phase: 'drain', duration: '200ms' },
        ],
        pushes: { urls: gateway.http, concurrency: 8 },
        thresholds: ['lost == 0', 'errors == 0', 'duplicated == 0', 'outOfOrder == 0', 'pushes.rate > 0/s'],
      },
      { workers: 2 },
    )
    expect(result.thresholds.filter(({ passed }) => !passed)).toEqual([])
    expect(result.delivery.pushes?.received).toBe(result.totals.pushes.accepted)
    expect(result.totals.pushes.received).toBe(result.totals.pushes.accepted)
    expect(result.totals.connections.opened).toBe(20)
  } finally {
    await gateway.close()
  }
})

/** Rooms by the query; `deliver` may spoil what a member gets. */
function startRoomServer(deliver: (frame: { n: number; text: string; to: WebSocket }) => void) {
  const rooms = new Map<string, Set<WebSocket>>()
  let n = 0
  return startServer({
    onConnection(socket, request) {
      const room = request.url ?? ''
      // Of another test, which looks for a server that had this port before.
      if (!room.startsWith('/room-')) return
      const members = rooms.get(room) ?? new Set()
      rooms.set(room, members.add(socket))
      socket.on('close', () => members.delete(socket))
      socket.on('message', (data) => {
        for (const to of members) deliver({ n: n++, text: JSON.stringify({ said: data.toString() }), to })
      })
    },
  })
}

test('each message of one should reach all of its group: what is missing, double or out of order is counted', async () => {
  let [frames, dropped, doubled] = [0, 0, 0]
  const delayed: number[] = []
  const { ws } = await startRoomServer(({ n, text, to }) => {
    frames++
    if (n % 100 === 42) dropped++
    else if (n % 75 === 3) {
      doubled++
      to.send(text)
      to.send(text)
    } else if (n % 90 === 17) {
      delayed.push(n)
      setTimeout(() => to.send(text), 300)
    } else to.send(text)
  })
  const result = await play(
    {
      target: `${ws}/room-{{group}}`,
      groups: { size: 5 },
      phases: [
        { phase: 'ramp', connections: 20, rate: 200, traffic: false },
        { phase: 'hold', duration: '1s', traffic: false },
        { phase: 'hold', duration: '1500ms' },
      ],
      messages: [{ send: 'hello {{stamp}}', every: '100ms', fanOut: true, reply: { correlate: 'stamp' } }],
      settle: '2500ms',
    },
    { workers: 2 },
  )
  const { delivery, totals } = result
  // A frame that is dropped may be the sender's own, which is its reply.
  expect(Object.keys(result.errors).filter((kind) => kind !== 'replyTimeout')).toEqual([])
  expect(totals.messages.out * 5).toBe(frames)
  expect(frames).toBeGreaterThan(200)
  expect(delivery.fanOut).toMatchObject({
    expected: frames,
    received: frames - dropped,
    lost: dropped,
    duplicated: doubled,
    cutOff: 0,
    unannounced: 0,
  })
  // Each sender speaks every 100 ms, so that what is 300 ms late was overtaken, but for the last ones.
  expect(delivery.fanOut?.outOfOrder).toBeGreaterThan(0)
  expect(delivery.fanOut?.outOfOrder).toBeLessThanOrEqual(delayed.length)
  expect(result.latencies.fanOut?.count).toBe(frames - dropped)
  const seconds = result.seconds.map(({ fanOut }) => fanOut)
  expect(seconds.reduce((sum, { expected }) => sum + expected, 0)).toBe(frames)
  expect(seconds.reduce((sum, { received }) => sum + received, 0)).toBe(frames - dropped)
})

test('a POST to a group whose frames all came before its answer is waited for', async () => {
  let posts = 0
  const server = await startServer({
    onRequest(_, body, response) {
      posts++
      for (const socket of server.sockets) socket.send(body)
      setTimeout(() => response.writeHead(202, { 'Content-Length': 0 }).end(), 250)
    },
  })
  const result = await play({
    target: `${server.ws}/stage`,
    groups: { count: 1 },
    phases: [
      { phase: 'ramp', connections: 3, duration: '100ms', traffic: false },
      { phase: 'hold', duration: '1s' },
    ],
    pushes: { group: 'board-{{group}}', expect: [202] },
  })
  expect(posts).toBeGreaterThan(0)
  expect(result.errors).toEqual({})
  expect(result.statuses.posts).toEqual({ '202': posts })
  const account = result.delivery.fanOut
  expect(account).toMatchObject({ lost: 0, cutOff: 0, duplicated: 0 })
  expect(account?.received).toBeGreaterThan(0)
})

test('a sender that does not get its own message is not missed, and members that leave are owed nothing more', async () => {
  let frames = 0
  const rooms = new Set<WebSocket>()
  const { ws } = await startServer({
    onConnection(socket) {
      rooms.add(socket)
      socket.on('close', () => rooms.delete(socket))
      socket.on('message', (data) => {
        for (const to of rooms) {
          if (to === socket) continue
          frames++
          to.send(data.toString())
        }
      })
    },
  })
  const result = await play({
    target: ws,
    groups: { count: 1 },
    phases: [
      { phase: 'ramp', connections: 6, duration: '500ms' },
      { phase: 'hold', duration: '400ms' },
      { phase: 'ramp', connections: 2, duration: '500ms' },
      { phase: 'hold', duration: '300ms' },
    ],
    messages: [{ send: '{{stamp}}', every: '20ms', fanOut: { self: false } }],
    settle: '2s',
  })
  const account = result.delivery.fanOut
  expect(account).toMatchObject({ lost: 0, duplicated: 0, outOfOrder: 0, cutOff: 0 })
  expect(account?.expected).toBe(account?.received)
  // The server also sends to those who are about to become ready, or to leave: that is more than is owed.
  expect(frames).toBeGreaterThanOrEqual(account?.received ?? 0)
})

test('what a client is still owed when the server cuts it off is told apart from what was lost', async () => {
  let n = 0
  let swallowed = 0
  const { ws } = await startServer({
    onConnection(socket) {
      socket.on('message', (data) => {
        // After ten messages nothing comes any more, and then the connection goes.
        if (n++ < 10) socket.send(data.toString())
        else if (++swallowed === 5) socket.terminate()
      })
    },
  })
  const result = await play({
    target: ws,
    groups: { count: 1 },
    phases: [
      { phase: 'ramp', connections: 1, rate: 10, traffic: false },
      { phase: 'hold', duration: '3s' },
    ],
    messages: [{ send: '{{stamp}}', every: '20ms', fanOut: true }],
  })
  const account = result.delivery.fanOut
  expect(account).toMatchObject({ received: 10, lost: 0 })
  expect(account?.cutOff).toBe((account?.expected ?? 0) - 10)
  expect(account?.cutOff).toBeGreaterThanOrEqual(5)
  expect(result.errors).toEqual({ closed: 1 })
  expect(result.closes).toEqual({ '1006': 1 })
})

test('POSTs that get no answer are errors, a server that ends its connections is none', async () => {
  let [closed, reset, silent] = [0, 0, 0]
  const sockets = new Map<string, WebSocket>()
  const { ws } = await startServer({
    onConnection(socket) {
      socket.send(JSON.stringify({ id: String(sockets.size) }))
      sockets.set(String(sockets.size), socket)
    },
    onRequest(request, body, response) {
      const n = closed + reset + silent
      if (n % 10 === 4) {
        reset++
        request.socket.resetAndDestroy()
      } else if (n % 10 === 8) silent++
      else {
        closed++
        sockets.get(request.url?.split('/').at(-1) ?? '')?.send(body)
        response.writeHead(200, { Connection: 'close' }).end('ok')
      }
    },
  })
  const result = await play({
    target: ws,
    onOpen: [{ save: { connectionId: '$.id' } }],
    phases: [
      { phase: 'ramp', connections: 5, rate: 100, traffic: false },
      { phase: 'hold', duration: '1500ms' },
    ],
    pushes: { rate: 50, concurrency: 4, timeout: '2s' },
    settle: '8s',
  })
  expect(reset).toBeGreaterThan(0)
  expect(silent).toBeGreaterThan(0)
  expect(result.totals.pushes).toMatchObject({ posted: closed + reset + silent, accepted: closed })
  expect(result.errors).toEqual({ postFailed: reset + silent })
  expect(result.errorSamples).toContainEqual({ kind: 'postFailed', message: 'no answer in time', count: silent })
  expect(result.delivery.pushes).toMatchObject({ expected: closed, received: closed, lost: 0, unannounced: 0 })
})

test('POSTs count for the limit of messages, each once', async () => {
  const server = await startPushServer(({ body, send }) => {
    send(body)
    return 200
  })
  const result = await play({
    ...pushing,
    target: `${server.ws}/stage`,
    limits: { messages: 200 },
    phases: [
      { phase: 'ramp', connections: 10, rate: 100, traffic: false },
      { phase: 'hold', duration: '5m' },
    ],
    pushes: { concurrency: 3 },
  })
  expect(result.run.ended).toBe('limit')
  expect(server.posts()).toBe(200)
  expect(result.delivery.pushes).toMatchObject({ expected: 200, received: 200, lost: 0 })
})
