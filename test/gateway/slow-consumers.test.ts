import { expect, it } from 'vitest'
import { Connection } from '../../src/gateway/connection.ts'
import { createOpenConnections } from '../../src/gateway/local-connections.ts'
import { WaitingBytes } from '../../src/limits/waiting-bytes.ts'
import { createStageSlot } from '../../src/stages/stage-slot.ts'
import type { SlowConsumerRule } from '../../src/stages/websocket-stage.ts'
import type { Socket } from '../../src/transport/contract.ts'
import { allocateConnectionId } from '../../src/vocabulary/ids.ts'
import { SharedFrame } from '../../src/vocabulary/shared-frame.ts'
import { emptyStage } from '../helpers/empty-stage.ts'

const key = (name: string | null, data: string) => new SharedFrame({ data, binary: false }, name)

/** A connection of an API with a rule, whose client takes `takes` messages and then none. */
function createPeer(rule: SlowConsumerRule, { maxBufferedBytes = 10_000, limit = 1_000_000 } = {}) {
  const waiting = new WaitingBytes(limit)
  const open = createOpenConnections({ now: () => 5, bounds: { maxBufferedBytes, waiting } })
  const undelivered: Record<string, { value: number }> = {}
  const stage = emptyStage({
    slowConsumer: rule,
    undelivered(reason) {
      undelivered[reason] ??= { value: 0 }
      return undelivered[reason]
    },
  })
  const connection = new Connection({
    ...{ connectionId: allocateConnectionId(7), slot: createStageSlot(stage), connectedAt: 1 },
    ...{ sourceIp: '::1', userAgent: null, domainName: 'localhost' },
  })
  const peer = { takes: 0, buffered: 0, isAwaited: false, written: [] as string[] }
  const write = (data: string | Uint8Array) => {
    if (peer.buffered > maxBufferedBytes) return 'full'
    peer.written.push(Buffer.from(data as string).toString())
    if (peer.takes > 0) peer.takes--
    else peer.buffered += data.length
    return 'sent'
  }
  const socket: Socket = {
    send: write,
    sendShared: ({ data }) => write(data),
    end: (code) => void peer.written.push(`end ${code}`),
    terminate() {},
    bufferedBytes: () => peer.buffered,
    isWaiting: () => peer.buffered > 0,
    awaitDrain() {
      peer.isAwaited = true
    },
  }
  connection.socket = socket
  open.add(connection)
  return {
    ...{ open, waiting, connection, peer },
    send: (frame: SharedFrame) => open.sendShared(connection, frame, 5),
    direct: (data: string) => open.sendTo(connection, data, false),
    post: (data: string, coalesce?: string) =>
      open.send(connection.connectionId, { data, binary: false, ...(coalesce && { coalesce }) }),
    /** The client takes all that waits, and `takes` messages more. */
    read(takes: number) {
      peer.buffered = 0
      peer.takes = takes
      peer.isAwaited = false
      open.drained(connection)
    },
    missed: () => Object.fromEntries(Object.entries(undelivered).map(([reason, { value }]) => [reason, value])),
  }
}

it('COALESCE has a newer message take the place of the one that waits under its key, in the order of all others', () => {
  const { send, direct, read, peer, connection, waiting, missed } = createPeer('COALESCE')
  expect(send(key(null, 'fills'))).toBe('sent')
  for (const [name, data] of [
    ['a', 'a1'],
    ['b', 'b1'],
    [null, 'x'],
    ['a', 'a2'],
  ] as const) {
    expect(send(key(name, data))).toBe('sent')
  }
  expect(direct('reply')).toBe('sent')
  for (const data of ['b2', 'b3']) send(key('b', data))
  send(key(null, 'x'))
  expect(peer.written).toEqual(['fills'])
  expect(peer.isAwaited).toBe(true)
  expect(waiting.total).toBeGreaterThan(0)
  expect(missed()).toEqual({ replaced: 3 })

  read(1)
  // One is taken, the next one waits, and the others behind it.
  expect(peer.written.slice(1)).toEqual(['a2', 'b3'])
  expect(peer.isAwaited).toBe(true)
  expect(send(key('a', 'a3'))).toBe('sent')
  read(10)
  expect(peer.written.slice(3)).toEqual(['x', 'reply', 'x', 'a3'])
  expect([connection.backlog, waiting.total, peer.isAwaited]).toEqual([null, 0, false])
  expect(send(key('a', 'a4'))).toBe('sent')
  expect(peer.written.at(-1)).toBe('a4')
})

it('COALESCE drops what goes beyond the bytes that may wait for one client, but takes newer values of a key', () => {
  const { send, direct, read, peer, missed } = createPeer('COALESCE', { maxBufferedBytes: 1000 })
  const text = (letter: string) => letter.repeat(400)
  send(key(null, 'fills'))
  expect([send(key('a', text('a'))), send(key(null, text('b'))), send(key('c', text('c')))]).toEqual([
    'sent',
    'sent',
    'full',
  ])
  expect(direct(text('d'))).toBe('full')
  expect(send(key('a', text('A')))).toBe('sent')
  expect(send(key('a', text('longer')))).toBe('full')
  expect(missed()).toEqual({ full: 2, replaced: 1 })
  read(10)
  expect(peer.written).toEqual(['fills', text('A'), text('b')])
})

it('a message for one connection replaces the one of its key where the API says so, and is refused where it finds no room', () => {
  const { send, post, read, peer, missed } = createPeer('COALESCE', { maxBufferedBytes: 1000 })
  expect([post('fills', 'a'), post('a1', 'a'), send(key('b', 'b1')), post('x'), post('a2', 'a')]).toEqual(
    Array(5).fill('sent'),
  )
  send(key('b', 'b2'))
  expect([post('c'.repeat(1000), 'c'), post('d', 'd'), post('d')]).toEqual(['sent', 'full', 'full'])
  expect(missed()).toEqual({ replaced: 2 })
  read(10)
  expect(peer.written).toEqual(['fills', 'a2', 'b2', 'x', 'c'.repeat(1000)])

  const dropping = createPeer('DROP')
  for (const data of ['fills', 'a1', 'a2']) expect(dropping.post(data, 'a')).toBe('sent')
  expect(dropping.peer.written).toEqual(['fills', 'a1', 'a2'])
})

it('what waits is sent before the close frame, and forgotten with the connection', () => {
  const { open, send, peer, connection, waiting } = createPeer('COALESCE', { maxBufferedBytes: 1000 })
  for (const data of ['fills', 'a', 'b']) send(key(null, data))
  open.end(connection, 'idleTimeout')
  expect(peer.written).toEqual(['fills', 'a', 'b', 'end 1001'])
  expect(waiting.total).toBe(0)

  const other = createPeer('COALESCE')
  for (const data of ['fills', 'a', 'b']) other.send(key(null, data))
  other.open.hold(other.connection, 'shuttingDown')
  expect(other.send(key(null, 'late'))).toBe('gone')
  other.read(1)
  expect(other.peer.written).toEqual(['fills', 'a', 'b'])
  other.peer.buffered = 1
  other.open.release(other.connection)
  expect(other.peer.written.at(-1)).toBe('end 1001')

  const lost = createPeer('COALESCE')
  for (const data of ['fills', 'a']) lost.send(key(null, data))
  lost.open.remove(lost.connection)
  expect(lost.waiting.total).toBe(0)
})

it.each(['CLOSE', 'DROP'] as const)('%s does so when the socket is full', (rule) => {
  const { send, peer, connection, missed } = createPeer(rule, { maxBufferedBytes: 10 })
  expect([send(key('a', 'x'.repeat(11))), send(key('a', 'y')), send(key('a', 'z'))]).toEqual(
    rule === 'CLOSE' ? ['sent', 'full', 'gone'] : ['sent', 'full', 'full'],
  )
  expect(connection.ending).toBe(rule === 'CLOSE' ? 'slowConsumer' : null)
  expect(peer.written.slice(1)).toEqual(rule === 'CLOSE' ? ['end 1008'] : [])
  expect(missed()).toEqual({ full: rule === 'CLOSE' ? 1 : 2 })
})

it.each(['DROP', 'COALESCE'] as const)(
  '%s: nobody may let more wait once the bytes of the worker are used up',
  (rule) => {
    const { send, direct, read, peer, waiting, missed } = createPeer(rule, { limit: 100 })
    send(key(null, 'fills'))
    waiting.total = 100
    expect([send(key(null, 'x')), direct('reply')]).toEqual(['full', 'full'])
    expect(missed()).toEqual({ workerFull: 1 })
    read(10)
    expect([send(key(null, 'x')), direct('reply')]).toEqual(['sent', 'sent'])
    expect(peer.written).toEqual(['fills', 'x', 'reply'])
  },
)
