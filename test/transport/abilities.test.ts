import { connect } from 'node:net'
import { deflateRawSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { abilityTitles } from '../../src/transport/abilities.ts'
import { nodeAbilities } from '../../src/transport/node/node-abilities.ts'
import { canSharePort } from '../../src/transport/node/shared-port.ts'
import { newUwsAbilities, uwsAbilities, uwsAbilitiesOf } from '../../src/transport/uws/uws-abilities.ts'
import { abilities } from '../helpers/transport-abilities.ts'
import { acceptNow, type Server, startServer } from './harness.ts'
import { clientFrame, closePayload, handshake, opcodes, RawClient } from './raw-client.ts'

test('every point has a title, and a note on each server', () => {
  const names = Object.keys(abilityTitles).sort()
  for (const each of [uwsAbilities, newUwsAbilities, nodeAbilities]) {
    expect(Object.keys(each).sort()).toEqual(names)
    for (const { note } of Object.values(each)) expect(note).toMatch(/^[A-Z0-9][\s\S]+\.$/)
  }
})

test.each([
  ['20.20.2', 'linux', false],
  ['22.11.0', 'linux', false],
  ['22.12.0', 'linux', true],
  ['23.0.0', 'linux', false],
  ['23.1.0', 'linux', true],
  ['26.0.0', 'linux', true],
  ['26.0.0', 'darwin', false],
])('Node.js %s on %s shares a port: %s', (version, platform, can) => {
  expect(canSharePort(version, platform)).toBe(can)
})

test.each([
  ['uws-pack', '20.0.8', uwsAbilities],
  ['uws-pack', '21.0.0', uwsAbilities],
  ['uWebSockets.js', '20.44.0', uwsAbilities],
  ['uWebSockets.js', '20.57.0', newUwsAbilities],
  ['their-uws', '20.60.1', newUwsAbilities],
  ['uWebSockets.js', '21.0.0', newUwsAbilities],
  ['uws.node', 'of an unknown version', uwsAbilities],
])('%s %s has the abilities of its release', (name, version, expected) => {
  expect(uwsAbilitiesOf({ name, version })).toBe(expected)
})

describe('a request line that comes in two segments', () => {
  const line = 'GET /cut?x=1 HTTP/1.1\r\n'

  async function answerTo(server: Server, cut: number): Promise<string> {
    const socket = connect({ port: server.port, host: '127.0.0.1', noDelay: true })
    const client = new RawClient(socket)
    await new Promise<void>((resolve) => void socket.write(line.slice(0, cut), () => resolve()))
    // Each turn of the loop reads what has come.
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
    if (!client.isClosed) client.write(`${line.slice(cut)}Host: a\r\nConnection: close\r\n\r\n`)
    const status = (await client.readTo('\r\n')).split(' ')[1] ?? ''
    socket.destroy()
    return status
  }

  test('is served wherever it is cut, or refused at some places', async () => {
    const server = await startServer()
    const cuts = Array.from({ length: line.length - 1 }, (_, i) => i + 1)
    const statuses = await Promise.all(cuts.map((cut) => answerTo(server, cut)))
    if (abilities.cutRequestLine.can) expect(statuses).toEqual(cuts.map(() => '200'))
    else expect([...new Set(statuses)].sort()).toEqual(['200', '505'])
  })
})

test('a method that no standard names is handed on, or refused with 400', async () => {
  const server = await startServer()
  const { status } = await server.client().write('BREW /pot HTTP/1.1\r\nHost: a\r\n\r\n').readResponse()
  expect(status).toBe(abilities.anyMethod.can ? 200 : 400)
})

describe('permessage-deflate', () => {
  const compressing = (options = {}) =>
    startServer(
      { compression: true, ...options },
      { upgrade: (upgrade) => void acceptNow(upgrade, true).send('a'.repeat(2000), false) },
    )

  async function extensionsFor(offer: string | string[]): Promise<string | null> {
    const server = await compressing()
    const head = await server
      .client()
      .write(handshake({ 'Sec-WebSocket-Extensions': offer }))
      .readTo('\r\n\r\n')
    expect(head).toMatch(/^HTTP\/1\.1 101 /)
    return /sec-websocket-extensions: (.*)\r\n/i.exec(head)?.[1] ?? null
  }

  test.each([
    'permessage-deflate; server_max_window_bits=8',
    'permessage-deflate; server_max_window_bits=7',
    'permessage-deflate; server_max_window_bits=16',
    'permessage-deflate; server_max_window_bits=010',
    'permessage-deflate; server_max_window_bits',
    'permessage-deflate; client_max_window_bits=99',
    'permessage-deflate; server_no_context_takeover=1',
    'permessage-deflate; unheard_of',
    'permessage-deflate; client_max_window_bits; client_max_window_bits',
  ])('an offer that cannot be kept is declined, or agreed to: %s', async (offer) => {
    const agreed = await extensionsFor(offer)
    if (abilities.deflateOffers.can) expect(agreed).toBeNull()
    else expect(agreed).toMatch(/^permessage-deflate/)
  })

  test.each([
    'permessage-deflate',
    'permessage-deflate; client_max_window_bits',
    'permessage-deflate; client_max_window_bits=15; server_max_window_bits=12',
    'x-other, permessage-deflate; server_no_context_takeover',
  ])('an offer that can be kept is agreed to: %s', async (offer) => {
    expect(await extensionsFor(offer)).toMatch(/^permessage-deflate/)
  })

  test('the next offer is looked at where the first is declined', async () => {
    const agreed = await extensionsFor('permessage-deflate; unheard_of, permessage-deflate; server_max_window_bits=10')
    expect(agreed).toMatch(/^permessage-deflate/)
    if (abilities.deflateOffers.can) expect(agreed).toContain('server_max_window_bits=10')
  })

  const compressed = (text: string | Buffer) => deflateRawSync(text, { finishFlush: 2 }).subarray(0, -4)
  const varied = Buffer.from(Array.from({ length: 3000 }, (_, i) => 32 + ((i * i * 7919) % 90)))

  async function open() {
    const server = await compressing()
    const client = server.client().write(handshake({ 'Sec-WebSocket-Extensions': 'permessage-deflate' }))
    await client.readTo('\r\n\r\n')
    await client.readFrame()
    return { server, client }
  }

  test('compressed messages arrive, in one frame or in several', async () => {
    const { server, client } = await open()
    const bytes = compressed(varied)
    client.write(clientFrame(opcodes.text, bytes, { reserved: 4 }))
    client.write(clientFrame(opcodes.text, bytes.subarray(0, 100), { reserved: 4, isLast: false }))
    client.write(clientFrame(opcodes.ping, 'p'), clientFrame(opcodes.continuation, bytes.subarray(100)))
    client.write(clientFrame(opcodes.text, 'plain'), clientFrame(opcodes.text, compressed(''), { reserved: 4 }))
    for (const text of [varied.toString(), varied.toString(), 'plain', '']) {
      expect(await server.messages.next()).toEqual({ text, isBinary: false })
    }
  })

  test.each([1, 2, 50, 1000])(
    'a message without its last %i bytes is refused with 1007, or delivered',
    async (missing) => {
      const { server, client } = await open()
      client.write(clientFrame(opcodes.text, compressed(varied).subarray(0, -missing), { reserved: 4 }))
      if (!abilities.truncatedDeflate.can)
        return void (await Promise.race([server.messages.next(), server.closes.next()]))
      expect(await client.readFrame()).toMatchObject({ opcode: opcodes.close, payload: closePayload(1007) })
      expect(await server.closes.next()).toEqual({ code: 1007, reason: '', cause: 'protocol' })
      await client.closed
      expect(server.messages.all).toEqual([])
    },
  )

  test('a client that goes while its message is inflated leaves nothing behind', async () => {
    const { server, client } = await open()
    client.write(clientFrame(opcodes.text, compressed(varied), { reserved: 4 }))
    client.socket.destroy()
    expect(await server.closes.next()).toMatchObject({ code: 1006 })
  })
})

describe('a limit on single frames', () => {
  const limited = () =>
    startServer(
      {},
      {
        upgrade: (upgrade) =>
          void upgrade.accept({ socket: null }, { protocol: null, compression: false, maxFrameBytes: 32_768 }),
      },
    )

  async function open(server: Server): Promise<RawClient> {
    const client = server.client().write(handshake())
    await client.readTo('\r\n\r\n')
    return client
  }

  test('lets frames of that size through, alone and as fragments, however they come', async () => {
    const server = await limited()
    const client = await open(server)
    const part = 'a'.repeat(32_768)
    client.write(clientFrame(opcodes.text, part))
    client.write(clientFrame(opcodes.text, part, { isLast: false }), clientFrame(opcodes.continuation, part))
    for (const byte of clientFrame(opcodes.text, 'a'.repeat(200))) client.write(Uint8Array.of(byte))
    for (const length of [32_768, 65_536, 200]) expect((await server.messages.next()).text).toHaveLength(length)
  })

  test.each([
    ['a frame', [clientFrame(opcodes.text, 'a'.repeat(32_769))]],
    [
      'a fragment',
      [
        clientFrame(opcodes.text, 'a', { isLast: false }),
        clientFrame(opcodes.continuation, 'a'.repeat(40_000), { isLast: false }),
      ],
    ],
  ])('ends the connection with 1009 at the head of %s that is larger, where the server can tell', async (_, frames) => {
    const server = await limited()
    const client = await open(server)
    client.write(...frames)
    if (!abilities.frameLimit.can) {
      client.write(clientFrame(opcodes.ping, 'still here'))
      return expect((await client.readFrame()).payload.toString()).toBe('still here')
    }
    expect(await client.readFrame()).toMatchObject({ opcode: opcodes.close, payload: closePayload(1009) })
    expect(await server.closes.next()).toEqual({ code: 1009, reason: '', cause: 'protocol' })
    expect(server.messages.all).toEqual([])
    await client.closed
  })
})
