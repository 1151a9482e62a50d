import { readFileSync } from 'node:fs'
import { createServer as createTlsServer } from 'node:https'
import { expect, test } from 'vitest'
import { makeCertificates } from '../../transport/certificates.ts'
import { echo, play, startServer } from './play.ts'

test('REST requests go on beside the sockets, with a rate, and are counted as the server counts them', async () => {
  const seen: Record<string, number> = {}
  const bodies = new Set<string>()
  const { ws, http } = await startServer({
    onConnection: echo,
    onRequest(request, body, response) {
      const n = (seen[request.url ?? ''] ?? 0) + 1
      seen[request.url ?? ''] = n
      bodies.add(`${request.method} ${request.headers['x-key'] ?? ''} ${body}`)
      response.writeHead(request.url === '/bad' && n % 3 === 0 ? 503 : 200).end('ok')
    },
  })
  const result = await play(
    {
      target: ws,
      phases: [
        { phase: 'ramp', connections: 3, rate: 100, traffic: false },
        { phase: 'hold', duration: '2500ms' },
      ],
      messages: [{ send: 'x', every: '100ms', reply: true }],
      rest: [
        { url: `${http}/good`, rate: 50, connections: 2 },
        {
          url: `${http}/bad`,
          method: 'POST',
          body: '{"a":1}',
          headers: { 'X-Key': '{{env.KEY}}' },
          rate: 30,
          connections: 3,
        },
      ],
      thresholds: ['rest.p99 < 5 s', 'errors.restStatus > 0'],
    },
    { env: { KEY: 'k3y' } },
  )
  const good = seen['/good'] ?? 0
  const bad = seen['/bad'] ?? 0
  expect(good).toBeGreaterThan(20)
  expect(bad).toBeGreaterThan(10)
  // What was under way when it was stopped the server saw, and the client did not wait for.
  const { requests } = result.totals.rest
  expect(requests).toBeLessThanOrEqual(good + bad)
  expect(requests).toBeGreaterThanOrEqual(good + bad - 5)
  const failed = result.statuses.rest['503'] ?? 0
  expect(Math.abs(failed - Math.floor(bad / 3))).toBeLessThanOrEqual(1)
  expect(result.errors).toEqual({ restStatus: failed })
  expect(result.latencies.rest?.count).toBeGreaterThanOrEqual(requests)
  expect(bodies).toEqual(new Set(['GET  ', 'POST k3y {"a":1}']))
  expect(result.thresholds.map(({ passed }) => passed)).toEqual([true, true])
  expect(result.totals.messages.replies).toBe(result.totals.messages.out)
  // The process that asks over HTTP holds no sockets.
  expect(result.client.workers.map(({ connections }) => connections)).toEqual([3, 0])
})

test('REST requests alone need no target, and a server that stands still shows in their p99', async () => {
  let stalledUntil = 0
  const { http } = await startServer({
    onRequest(_request, _body, response) {
      if (stalledUntil === 0) stalledUntil = performance.now() + 1000
      setTimeout(() => response.end('ok'), Math.max(0, stalledUntil - performance.now()))
    },
  })
  const result = await play({
    phases: [{ phase: 'hold', duration: '3500ms' }],
    rest: [{ url: `${http}/`, rate: 20, connections: 1 }],
  })
  expect(result.latencies.rest?.p99).toBeGreaterThan(900)
  // One was slow; those that should have been asked meanwhile count too.
  expect(result.latencies.rest?.p90).toBeGreaterThan(100)
})

test('POSTs to @connections over TLS, to several URLs in turn, keep their connections', async () => {
  const certificates = makeCertificates()
  const key = readFileSync(certificates.key, 'utf8')
  const cert = readFileSync(certificates.certificate, 'utf8')
  certificates.remove()
  const sockets = new Map<string, { send(text: string): void }>()
  const paths: Record<string, number> = {}
  const remotes = new Set<unknown>()
  const { ws, http } = await startServer({
    createServer: () => createTlsServer({ key, cert }),
    onConnection(socket) {
      const id = String(sockets.size)
      sockets.set(id, socket)
      socket.send(JSON.stringify({ connectionId: id }))
    },
    onRequest(request, body, response) {
      remotes.add(request.socket.remotePort)
      const [, base = '', id = ''] = /^(.*)\/@connections\/(.*)$/.exec(request.url ?? '') ?? []
      paths[base] = (paths[base] ?? 0) + 1
      expect(request.headers).toMatchObject({ authorization: 'Bearer t', 'content-type': 'text/plain' })
      sockets.get(id)?.send(body)
      response.end('{}')
    },
  })
  const result = await play({
    target: ws,
    connection: { tls: { verify: false } },
    onOpen: [{ save: { connectionId: '$.connectionId' } }],
    phases: [
      { phase: 'ramp', connections: 4, rate: 100, traffic: false },
      { phase: 'hold', duration: '2s' },
    ],
    pushes: {
      urls: [`${http}/a`, `${http}/b/`],
      rate: 50,
      concurrency: 3,
      headers: { Authorization: 'Bearer t' },
      contentType: 'text/plain',
      body: 'push {{counter}} {{stamp}}',
    },
  })
  const posted = result.totals.pushes.posted
  expect(posted).toBeGreaterThan(5)
  expect((paths['/a'] ?? 0) + (paths['/b'] ?? 0)).toBe(posted)
  expect(Math.abs((paths['/a'] ?? 0) - (paths['/b'] ?? 0))).toBeLessThanOrEqual(1)
  expect(result.delivery.pushes).toMatchObject({ expected: posted, received: posted, lost: 0 })
  expect(remotes.size).toBeLessThanOrEqual(3)
  expect(result.errors).toEqual({})
})
