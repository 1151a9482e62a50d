import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { freePort } from '../../load/fleet/free-port.ts'
import { connectEvent, failureOf, messageEvent, textOf } from './calls.ts'
import { atEnd, httpIntegration, httpType } from './http-backends.ts'
import { closed, type RawBackend, startRawBackend } from './raw-backend.ts'

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

async function raw(answer: RawBackend['answer']): Promise<RawBackend> {
  const backend = await startRawBackend(answer)
  atEnd(() => backend.close())
  return backend
}

describe('a backend that answers', () => {
  test.each<[string, string, string]>([
    ['with garbage', 'garbage\r\n\r\n', 'INTEGRATION_FAILURE'],
    ['with another protocol', 'SSH-2.0-OpenSSH_9.2\r\n', 'INTEGRATION_FAILURE'],
    ['with HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'INTEGRATION_FAILURE'],
    ['with a header that is none', 'HTTP/1.1 200 OK\r\nno header\r\n\r\n', 'INTEGRATION_FAILURE'],
    [
      'with a control character in a header',
      'HTTP/1.1 200 OK\r\nX-Bad: a\x01b\r\nContent-Length: 0\r\n\r\n',
      'INTEGRATION_FAILURE',
    ],
    ['with two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nok', 'INTEGRATION_FAILURE'],
    [
      'with length and chunks',
      'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
      'INTEGRATION_FAILURE',
    ],
    [
      'with a chunk that is none',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nok\r\n',
      'INTEGRATION_FAILURE',
    ],
    [
      'with an upgrade that nobody asked for',
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
      'INTEGRATION_FAILURE',
    ],
    ['with headers without end', `HTTP/1.1 200 OK\r\n${'X-Filler: yes\r\n'.repeat(10_000)}`, 'INTEGRATION_FAILURE'],
    [
      'with too much',
      `HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n${'x'.repeat(200_000)}`,
      'INTEGRATION_RESPONSE_TOO_LARGE',
    ],
  ])('%s', async (_, answer, code) => {
    const backend = await raw((socket) => socket.write(answer))
    const integration = httpIntegration({ integrationUri: backend.url })
    const event = messageEvent('x')
    expect((await failureOf(integration, event)).code).toBe(code)
    expect(event.integration?.errorMessage).toEqual(expect.any(String))
    expect(event.integration?.latencyInMillis).toEqual(expect.any(Number))
    // The next call has a connection of its own.
    backend.answer = (socket) => socket.write(ok)
    expect(textOf(await integration.invoke(messageEvent('x')))).toBe('ok')
  })

  test.each([
    ['half a status line', 'HTTP/1.1 2'],
    ['half its headers', 'HTTP/1.1 200 OK\r\nContent-'],
    ['half its body', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'],
    ['half its chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhal'],
    ['nothing', ''],
  ])('with %s and closes', async (_, answer) => {
    const backend = await raw((socket) => socket.end(answer))
    expect((await failureOf(httpIntegration({ integrationUri: backend.url }), messageEvent('x'))).code).toBe(
      'INTEGRATION_FAILURE',
    )
    expect(backend.connections).toHaveLength(1)
  })

  test('with an endless body', async () => {
    const backend = await raw((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
      const chunk = `1000\r\n${'x'.repeat(4096)}\r\n`
      const pump = (): void => {
        while (!socket.destroyed && socket.write(chunk)) {}
        if (!socket.destroyed) socket.once('drain', pump)
      }
      pump()
    })
    const failure = await failureOf(httpIntegration({ integrationUri: backend.url }), messageEvent('x'))
    expect(failure.code).toBe('INTEGRATION_RESPONSE_TOO_LARGE')
    await closed(backend.connections[0])
  })

  test('until it closes, without saying how much: that is a whole answer', async () => {
    const backend = await raw((socket) => socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall of it'))
    const result = await httpIntegration({ integrationUri: backend.url }).invoke(messageEvent('x'))
    expect(textOf(result)).toBe('all of it')
  })

  test('with headers beyond ASCII: they are read as UTF-8', async () => {
    const backend = await raw((socket) => socket.write('HTTP/1.1 200 OK\r\nX-Good: ü\r\nContent-Length: 0\r\n\r\n'))
    const result = await httpIntegration({ integrationUri: backend.url }).invoke(messageEvent('x'))
    expect(result.headers).toEqual([['X-Good', 'ü']])
  })

  test('what a backend said in place of HTTP does not reach the log', async () => {
    const backend = await raw((socket) => socket.write('secret garbage\r\n\r\n'))
    const failure = await failureOf(httpIntegration({ integrationUri: backend.url }), messageEvent('x'))
    expect(inspect(failure, { depth: 10, showHidden: true })).not.toContain('secret')
  })
})

describe('timeoutInMillis', () => {
  test.each([
    ['nothing at all', () => {}],
    [
      'headers only',
      (socket: { write(text: string): unknown }) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n'),
    ],
    [
      'a byte now and then',
      (socket: { write(text: string): unknown }) => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n')
        const drip = setInterval(() => socket.write('x'), 10)
        atEnd(() => clearInterval(drip))
      },
    ],
    [
      'early hints for ever',
      (socket: { write(text: string): unknown }) => {
        const drip = setInterval(() => socket.write('HTTP/1.1 103 Early Hints\r\n\r\n'), 10)
        atEnd(() => clearInterval(drip))
      },
    ],
  ])('ends a call whose backend says %s, and closes its connection', async (_, answer) => {
    const backend = await raw(answer)
    const integration = httpIntegration({ integrationUri: backend.url, timeoutInMillis: 60 })
    const event = messageEvent('x')
    const startedAt = performance.now()
    expect((await failureOf(integration, event)).code).toBe('INTEGRATION_TIMEOUT')
    const took = performance.now() - startedAt
    expect(took).toBeGreaterThanOrEqual(60)
    expect(took).toBeLessThan(10_000)
    expect(event.integration?.errorMessage).toEqual(expect.any(String))
    await closed(backend.connections[0])
  })

  test('covers the wait for a connection, and the wait for a turn', async () => {
    const backend = await raw(() => {})
    const integration = httpIntegration(
      { integrationUri: backend.url, timeoutInMillis: 600 },
      {},
      { maxConnectionsPerOrigin: 1 },
    )
    const calls = await Promise.all([1, 2, 3].map(() => failureOf(integration, messageEvent('x'))))
    expect(calls.map(({ code }) => code)).toEqual(Array(3).fill('INTEGRATION_TIMEOUT'))
    // They gave their places back.
    backend.answer = (socket) => socket.write(ok)
    expect(textOf(await integration.invoke(messageEvent('x')))).toBe('ok')
  })

  test('expires each call in its turn', async () => {
    const backend = await raw((socket, chunk) => (chunk.endsWith('answer') ? socket.write(ok) : undefined))
    const integration = httpIntegration({ integrationUri: backend.url, timeoutInMillis: 600 })
    const first = failureOf(integration, messageEvent('one'))
    expect(textOf(await integration.invoke(messageEvent('answer')))).toBe('ok')
    const second = failureOf(integration, messageEvent('two'))
    expect((await first).code).toBe('INTEGRATION_TIMEOUT')
    expect((await second).code).toBe('INTEGRATION_TIMEOUT')
    expect(textOf(await integration.invoke(messageEvent('answer')))).toBe('ok')
  })
})

describe('a backend that can’t be reached', () => {
  test('refuses connections', async () => {
    const port = await freePort()
    const event = messageEvent('x')
    const failure = await failureOf(httpIntegration({ integrationUri: `http://127.0.0.1:${port}/` }), event)
    expect(failure.code).toBe('INTEGRATION_FAILURE')
    expect(event.integration?.errorMessage).toContain('ECONNREFUSED')
    expect(event.integration?.status).toBeNull()
  })

  test('has no address', async () => {
    const failure = await failureOf(httpIntegration({ integrationUri: 'http://nowhere.invalid/' }), messageEvent('x'))
    expect(failure.code).toBe('INTEGRATION_FAILURE')
  })

  test('speaks plain HTTP where TLS is wanted', async () => {
    const backend = await raw((socket) => socket.write(ok))
    const integration = httpIntegration({ integrationUri: backend.url.replace('http:', 'https:') })
    expect((await failureOf(integration, messageEvent('x'))).code).toBe('INTEGRATION_FAILURE')
  })
})

describe('a kept-alive connection that the backend closes under a request', () => {
  /** Answers the first request of each connection and closes it when the second comes. */
  async function fickle(): Promise<RawBackend> {
    const served = new WeakSet<object>()
    return raw((socket) => {
      if (served.has(socket)) return void socket.destroy()
      served.add(socket)
      socket.write(ok)
    })
  }

  test.each(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS'] as const)(
    '%s is sent again, on a new connection',
    async (integrationMethod) => {
      const backend = await fickle()
      const integration = httpIntegration({ integrationUri: backend.url, integrationMethod })
      // undici closes the connection after a HEAD, and after a DELETE with a body: without one it is kept.
      const makeEvent = integrationMethod === 'DELETE' ? connectEvent : () => messageEvent('x')
      for (let i = 0; i < 3; i++) expect((await integration.invoke(makeEvent())).status).toBe(200)
      expect(backend.connections.length).toBeGreaterThan(1)
    },
  )

  test.each(['POST', 'PATCH'] as const)('%s may have been carried out, so it fails', async (integrationMethod) => {
    const backend = await fickle()
    const integration = httpIntegration({ integrationUri: backend.url, integrationMethod })
    await integration.invoke(messageEvent('one'))
    expect((await failureOf(integration, messageEvent('two'))).code).toBe('INTEGRATION_FAILURE')
    expect(backend.received().match(/two/g)).toHaveLength(1)
    expect(textOf(await integration.invoke(messageEvent('three')))).toBe('ok')
  })

  test('a call is sent again only once, and never after a byte of an answer', async () => {
    const silent = await raw((socket) => socket.destroy())
    expect(
      (await failureOf(httpIntegration({ integrationUri: silent.url, integrationMethod: 'GET' }), messageEvent('x')))
        .code,
    ).toBe('INTEGRATION_FAILURE')
    expect(silent.connections).toHaveLength(2)
    const half = await raw((socket) => socket.end('HTTP/1.1 2'))
    await failureOf(httpIntegration({ integrationUri: half.url, integrationMethod: 'GET' }), messageEvent('x'))
    expect(half.connections).toHaveLength(1)
  })
})

describe('connections', () => {
  test('are kept alive and used again, one call at a time', async () => {
    const backend = await raw((socket) => socket.write(ok))
    const integration = httpIntegration({ integrationUri: backend.url })
    for (let i = 0; i < 5; i++) await integration.invoke(messageEvent('x'))
    expect(backend.connections).toHaveLength(1)
    await Promise.all([1, 2, 3].map(() => integration.invoke(messageEvent('x'))))
    expect(backend.connections).toHaveLength(3)
  })

  test('are at most maxConnectionsPerOrigin; more calls wait, and beyond those are refused', async () => {
    const held: (() => void)[] = []
    const backend = await raw((socket) => held.push(() => socket.write(ok)))
    const integration = httpIntegration(
      { integrationUri: backend.url },
      {},
      { maxConnectionsPerOrigin: 2, maxWaitingPerOrigin: 1 },
    )
    const answers = ['a', 'b', 'c'].map((body) => Promise.resolve(integration.invoke(messageEvent(body))))
    expect((await failureOf(integration, messageEvent('d'))).code).toBe('INTEGRATION_OVERLOADED')
    await Promise.all([backend.arrival('\r\n\r\na'), backend.arrival('\r\n\r\nb')])
    expect(backend.received()).not.toContain('\r\n\r\nc')
    backend.answer = (socket) => socket.write(ok)
    for (const each of held) each()
    expect((await Promise.all(answers)).map(textOf)).toEqual(['ok', 'ok', 'ok'])
    expect(backend.connections).toHaveLength(2)
  })

  test('are shared by integrations of an origin, and closed when the last one is', async () => {
    const backend = await raw((socket) => socket.write(ok))
    const type = httpType()
    const one = httpIntegration({ integrationUri: `${backend.url}/one` }, {}, {}, type)
    const two = httpIntegration({ integrationUri: `${backend.url}/two` }, {}, {}, type)
    await one.invoke(messageEvent('x'))
    await two.invoke(messageEvent('x'))
    expect(backend.connections).toHaveLength(1)
    one.close()
    one.close()
    await two.invoke(messageEvent('x'))
    expect(backend.connections).toHaveLength(1)
    two.close()
    await closed(backend.connections[0])
  })

  test('serve the calls in flight when their integration is closed', async () => {
    let answer = (): void => {}
    const backend = await raw((socket) => {
      answer = () => socket.write(ok)
    })
    const integration = httpIntegration({ integrationUri: backend.url }, {}, { maxConnectionsPerOrigin: 1 })
    const first = Promise.resolve(integration.invoke(messageEvent('one')))
    const second = Promise.resolve(integration.invoke(messageEvent('two')))
    await backend.arrival('one')
    integration.close()
    backend.answer = (socket) => socket.write(ok)
    answer()
    expect([textOf(await first), textOf(await second)]).toEqual(['ok', 'ok'])
    await closed(backend.connections[0])
  })
})
