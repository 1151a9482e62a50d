import { describe, expect, it, onTestFinished, test } from 'vitest'
import { Connection } from '../../src/gateway/connection.ts'
import { createOpenConnections } from '../../src/gateway/local-connections.ts'
import { createLocalGroups } from '../../src/gateway/local-groups.ts'
import { type Audience, audienceKey, type Group, type SendOptions } from '../../src/registry/group-contract.ts'
import { createStageSlot } from '../../src/stages/stage-slot.ts'
import type { Socket } from '../../src/transport/contract.ts'
import type { SendOutcome } from '../../src/vocabulary/frames.ts'
import { allocateConnectionId } from '../../src/vocabulary/ids.ts'
import { emptyStage } from '../helpers/empty-stage.ts'
import { createStageGateway } from '../helpers/stage-gateway.ts'

const everyone: SendOptions = { except: [], filter: null, coalesce: null, failures: 0 }
const all: Audience = { apiId: 'test', stage: 'dev', kind: 'all', name: '' }
const group = (name: string, members: Partial<Group> = {}): Group => ({
  ...{ apiId: 'test', stage: 'dev', kind: 'group', name },
  ...members,
})
const user = (name: string): Audience => ({ apiId: 'test', stage: 'dev', kind: 'user', name })
const hello = { data: 'hello', binary: false }

interface Peer {
  readonly connection: Connection
  readonly id: string
  readonly frames: string[]
  outcome: SendOutcome
  ended: unknown
}

/** The groups over connections that are opened as the gateway opens them, whose sockets are in memory. */
function createPeers({ maxGroupsPerConnection = 100 } = {}) {
  const open = createOpenConnections({ now: () => 5 })
  const compiled: string[] = []
  const groups = createLocalGroups({
    ...{ open, now: () => 5, maxGroupsPerConnection },
    compileFilter(text) {
      compiled.push(text)
      return ({ sourceIp }) => sourceIp === text
    },
  })
  const pushed = { value: 0 }
  function slotOf(apiId: string, name: string) {
    return createStageSlot(emptyStage({ apiId, name, pushed }))
  }

  function admit({ apiId = 'test', stage = 'dev', sourceIp = '::1' } = {}): Peer {
    const connection = new Connection({
      connectionId: allocateConnectionId(7),
      slot: slotOf(apiId, stage),
      connectedAt: 1,
      sourceIp,
      userAgent: null,
      domainName: 'localhost',
    })
    return { connection, id: connection.connectionId, frames: [], outcome: 'sent', ended: null }
  }

  function accept(peer: Peer): Peer {
    const socket: Socket = {
      send: () => expect.fail('a message for many is shared'),
      sendShared({ data }) {
        if (peer.outcome === 'sent') peer.frames.push(Buffer.from(data).toString())
        return peer.outcome
      },
      end(code, reason) {
        peer.ended = [code, reason]
        close(peer)
      },
      terminate() {},
      bufferedBytes: () => 0,
      isWaiting: () => false,
      awaitDrain() {},
    }
    peer.connection.socket = socket
    open.add(peer.connection)
    groups.opened(peer.connection)
    return peer
  }

  function close({ connection }: Peer): void {
    open.remove(connection)
    groups.closed(connection)
  }

  return { open, groups, pushed, compiled, admit, accept, close, connect: (of = {}) => accept(admit(of)) }
}

describe('a group of this worker', () => {
  it('has a connection from joining to leaving, however often either is said', () => {
    const { groups, connect } = createPeers()
    const anna = connect()
    const bert = connect()
    expect(groups.leave(anna.id, group('kitchen'))).toBe('left')
    for (const each of [anna, bert, anna]) expect(groups.join(each.id, group('kitchen'))).toBe('joined')
    expect(groups.size(group('kitchen'))).toBe(2)
    expect(groups.send(group('kitchen'), hello, everyone)).toEqual({
      ...{ targets: 2, sent: 2, full: 0, gone: 0, unreachable: 0, failures: [] },
    })
    for (const _ of 'xy') expect(groups.leave(anna.id, group('kitchen'))).toBe('left')
    groups.send(group('kitchen'), hello, everyone)
    expect([anna.frames, bert.frames]).toEqual([['hello'], ['hello', 'hello']])
  })

  it('is there for a watcher as long as one is about to join, and has no member until one does', () => {
    const { groups, connect, close } = createPeers()
    const seen: string[] = []
    groups.watch({ appeared: ({ name }) => seen.push(`+${name}`), vanished: ({ name }) => seen.push(`-${name}`) })
    for (const _ of 'xy') groups.hold(group('attic'))
    expect([seen, groups.isHeld(group('attic')), groups.size(group('attic'))]).toEqual([['+attic'], true, 0])
    expect([groups.groups('test', 'dev', null, 10), groups.send(group('attic'), hello, everyone).targets]).toEqual([
      [],
      0,
    ])
    const anna = connect()
    groups.join(anna.id, group('attic'))
    groups.release(group('attic'))
    close(anna)
    expect(seen).toEqual(['+attic'])
    for (const _ of 'xy') groups.release(group('attic'))
    expect([seen, groups.isHeld(group('attic'))]).toEqual([['+attic', '-attic'], false])
  })

  it('that nobody is in has no members, and takes every call', () => {
    const { groups } = createPeers()
    const nobody = group('nobody')
    expect(groups.size(nobody)).toBe(0)
    expect(groups.send(nobody, hello, everyone).targets).toBe(0)
    expect(groups.close(nobody, everyone, null, null)).toBe(0)
    expect(groups.joinAll(nobody, group('other'))).toEqual({ joined: 0, tooMany: 0 })
    expect(groups.leaveAll(nobody, nobody)).toBe(0)
    expect(groups.members(nobody, null, 10)).toEqual({ connectionIds: [], cursor: null })
    expect([...groups.audiences()]).toEqual([])
  })

  it.each([
    '',
    '.',
    '..',
    '../x',
    'a/b',
    '%2F',
    'a\0b',
    '\n\x1b[2J',
    '__proto__',
    'constructor',
    'é'.repeat(128),
    '\ud800',
  ])('may be named %j, and is no other one', (name) => {
    const { groups, connect } = createPeers()
    const { id } = connect()
    groups.join(id, group(name))
    expect([groups.size(group(name)), groups.size(group(`${name}x`)), groups.size(user(name))]).toEqual([1, 0, 0])
    expect(groups.groups('test', 'dev', null, 10)).toEqual([{ name, connections: 1 }])
  })

  it('takes nobody who is still in $connect, of another API or stage, ending, or gone', () => {
    const { groups, open, admit, accept, close, connect } = createPeers()
    const early = admit()
    expect([groups.join(early.id, group('a')), groups.leave(early.id, group('a'))]).toEqual(['gone', 'gone'])
    expect(groups.join(accept(early).id, group('a'))).toBe('joined')

    for (const elsewhere of [connect({ apiId: 'other' }), connect({ stage: 'prod' })]) {
      expect([groups.join(elsewhere.id, group('a')), groups.leave(elsewhere.id, group('a'))]).toEqual(['gone', 'gone'])
    }
    const ending = connect()
    open.hold(ending.connection, 'shuttingDown')
    expect(groups.join(ending.id, group('a'))).toBe('gone')
    expect(groups.joinAll(all, group('b'))).toEqual({ joined: 1, tooMany: 0 })
    const closed = connect()
    close(closed)
    for (const id of [closed.id, 'x', '', '__proto__']) expect(groups.join(id, group('a'))).toBe('gone')
    expect(groups.size(group('a'))).toBe(1)
  })

  it('loses who is closed, as all his groups do', () => {
    const { groups, close, connect } = createPeers()
    const anna = connect()
    const bert = connect()
    for (let i = 0; i < 20; i++) groups.join(anna.id, group(`g${i}`))
    groups.join(bert.id, group('g3'))
    close(anna)
    close(anna)
    expect([...groups.audiences()].map(audienceKey)).toEqual(['group/test/dev/g3'])
    expect(groups.size(group('g3'))).toBe(1)
    expect(anna.connection.groups).toBeNull()
  })

  it('refuses a connection that is in as many as it may be', () => {
    const { groups, connect } = createPeers({ maxGroupsPerConnection: 2 })
    const { id } = connect()
    for (const name of ['a', 'b']) expect(groups.join(id, group(name))).toBe('joined')
    expect(groups.join(id, group('c'))).toBe('tooMany')
    expect(groups.join(id, group('a'))).toBe('joined')
    expect([groups.size(group('c')), groups.groups('test', 'dev', null, 10).length]).toEqual([0, 2])
    connect()
    expect(groups.joinAll(all, group('c'))).toEqual({ joined: 1, tooMany: 1 })
    groups.leave(id, group('a'))
    expect(groups.join(id, group('c'))).toBe('joined')
  })

  it('ends for all its members at once, or is joined by all of an audience', () => {
    const { groups, connect } = createPeers()
    const ids = Array.from({ length: 5 }, () => connect().id)
    for (const id of ids.slice(0, 3)) groups.join(id, group('few'))
    expect(groups.joinAll(group('few'), group('few'))).toEqual({ joined: 3, tooMany: 0 })
    expect(groups.joinAll(all, group('many'))).toEqual({ joined: 5, tooMany: 0 })
    expect(groups.leaveAll(group('few'), group('many'))).toBe(3)
    expect(groups.size(group('many'))).toBe(2)
    expect(groups.leaveAll(group('few'), group('few'))).toBe(3)
    expect([groups.size(group('few')), groups.size(group('many')), groups.size(all)]).toEqual([0, 2, 5])
  })
})

describe('a send to many', () => {
  it('leaves out whom it excepts and whom its filter does not match, which is compiled once', () => {
    const { groups, compiled, connect } = createPeers()
    const [anna, bert, carl] = [connect({ sourceIp: '::2' }), connect(), connect()]
    expect(groups.send(all, hello, { ...everyone, except: [anna.id, 'x'] }).targets).toBe(2)
    for (const _ of 'xy') groups.send(all, hello, { ...everyone, filter: '::2' })
    expect(groups.send(all, hello, { ...everyone, filter: '::1', except: [bert.id] }).targets).toBe(1)
    expect([anna, bert, carl].map(({ frames }) => frames.length)).toEqual([2, 1, 2])
    expect(compiled).toEqual(['::2', '::1'])
    for (let i = 0; i < 1000; i++) groups.send(all, hello, { ...everyone, filter: `f${i}` })
    groups.send(all, hello, { ...everyone, filter: 'f999' })
    expect(compiled.length).toBe(1002)
  })

  it('reaches one connection if a filter is true of it, wherever it is on its API', () => {
    const { groups, open, compiled, admit, connect, close } = createPeers()
    const [anna, bert] = [connect({ sourceIp: '::2' }), connect({ stage: 'prod' })]
    const send = (id: string, filter: string, apiId?: string) =>
      groups.sendIf(id, { ...hello, coalesce: 'k' }, filter, apiId)
    for (const socket of [anna, bert].map(({ connection }) => connection.socket as Socket & { send: unknown }))
      socket.send = () => 'sent'
    for (const apiId of [undefined, 'test'])
      expect([anna, bert].map(({ id }) => send(id, '::1', apiId))).toEqual(['leftOut', 'sent'])
    expect(compiled).toEqual(['::1'])
    const inConnect = admit()
    open.add(inConnect.connection)
    expect([send(anna.id, '::2', 'other'), send('x', '::2'), send(inConnect.id, '::1')]).toEqual(Array(3).fill('gone'))
    open.hold(anna.connection, 'shuttingDown')
    close(bert)
    expect([anna, bert].map(({ id }) => send(id, '::3'))).toEqual(['gone', 'gone'])
  })

  it('names so many of those who did not get it as are asked for, and counts what is sent', () => {
    const { groups, open, pushed, connect } = createPeers()
    const peers = Array.from({ length: 6 }, () => connect())
    for (const each of peers.slice(0, 3)) each.outcome = 'full'
    const held = peers[5] as Peer
    open.hold(held.connection, 'shuttingDown')
    const report = groups.send(all, hello, { ...everyone, failures: 2 })
    expect(report).toMatchObject({ targets: 6, sent: 2, full: 3, gone: 1, unreachable: 0 })
    expect(report.failures).toEqual(peers.slice(0, 2).map(({ id }) => ({ connectionId: id, reason: 'full' })))
    expect(groups.send(all, hello, { ...everyone, failures: 10 }).failures).toContainEqual({
      ...{ connectionId: held.id, reason: 'gone' },
    })
    expect(pushed.value).toBe(4)
  })

  it('reaches nobody of another API or stage', () => {
    const { groups, connect } = createPeers()
    const others = [connect({ apiId: 'other' }), connect({ stage: 'prod' })]
    const anna = connect()
    groups.join(anna.id, group('a'))
    groups.send(all, hello, everyone)
    for (const members of [{ apiId: 'other' }, { stage: 'prod' }]) groups.send(group('a', members), hello, everyone)
    expect([anna, ...others].map(({ frames }) => frames.length)).toEqual([1, 0, 0])
    expect(groups.size(all)).toBe(1)
  })
})

describe('closing many', () => {
  it('closes those selected with code and reason, or as DELETE does, and counts them', () => {
    const { groups, open, connect } = createPeers()
    const [anna, bert, carl] = [connect(), connect(), connect()]
    for (const { id } of [anna, bert, carl]) groups.join(id, group('a'))
    expect(groups.close(group('a'), { except: [carl.id], filter: null }, 4000, 'over')).toBe(2)
    expect([anna.ended, bert.ended, carl.ended]).toEqual([[4000, 'over'], [4000, 'over'], null])
    expect(groups.close(all, everyone, null, null)).toBe(1)
    expect(carl.ended).toEqual([1000, 'Connection Closed Normally'])
    expect([open.size, [...groups.audiences()]]).toEqual([0, []])
  })
})

describe('the connections of a user', () => {
  it('are those whose userId it is, from their opening and from a change on', () => {
    const { groups, admit, accept, close, connect } = createPeers()
    const early = admit()
    early.connection.userId = 'anna'
    groups.userChanged(early.connection, null)
    expect(groups.size(user('anna'))).toBe(0)
    accept(early)
    const late = connect()
    late.connection.userId = 'anna'
    for (const before of [null, 'anna']) groups.userChanged(late.connection, before)
    expect(groups.size(user('anna'))).toBe(2)

    late.connection.userId = 'bert'
    groups.userChanged(late.connection, 'anna')
    groups.send(user('anna'), hello, everyone)
    expect([early.frames, late.frames]).toEqual([['hello'], []])
    expect(groups.joinAll(user('bert'), group('of bert'))).toEqual({ joined: 1, tooMany: 0 })
    late.connection.userId = null
    groups.userChanged(late.connection, 'bert')
    close(early)
    expect([...groups.audiences()].map(audienceKey)).toEqual(['group/test/dev/of bert'])
    close(late)
    groups.userChanged(late.connection, null)
    expect([...groups.audiences()]).toEqual([])
  })
})

describe('pages', () => {
  it('of members name everyone who stays exactly once while others come and go', () => {
    const { groups, close, connect } = createPeers()
    const staying = Array.from({ length: 50 }, () => connect())
    let going = Array.from({ length: 50 }, () => connect())
    for (const { id } of [...staying, ...going]) groups.join(id, group('a'))
    for (const audience of [all, group('a')]) {
      const seen: string[] = []
      let cursor: string | null = null
      do {
        const page = groups.members(audience, cursor, 7)
        expect(page.connectionIds.length).toBeLessThanOrEqual(7)
        seen.push(...page.connectionIds)
        cursor = page.cursor
        for (const each of going.slice(0, 5)) close(each)
        going = [...going.slice(5), ...Array.from({ length: 5 }, () => connect())]
        for (const { id } of going.slice(-5)) groups.join(id, group('a'))
      } while (cursor !== null)
      expect(new Set(seen).size).toBe(seen.length)
      for (const { id } of staying) expect(seen).toContain(id)
    }
  })

  it('of members begin anew at a cursor that is none of ours, and end exactly', () => {
    const { groups, connect } = createPeers()
    const ids = Array.from({ length: 4 }, () => connect().id).sort()
    for (const cursor of [null, '', 'x', '\0', 'ÿ'.repeat(5000)]) {
      expect(groups.members(all, cursor, 4)).toEqual({ connectionIds: ids, cursor: null })
    }
    expect(groups.members(all, null, 3)).toEqual({ connectionIds: ids.slice(0, 3), cursor: ids[2] })
    expect(groups.members(all, ids[2] ?? null, 3)).toEqual({ connectionIds: ids.slice(3), cursor: null })
  })

  it('of groups go by name', () => {
    const { groups, connect } = createPeers({ maxGroupsPerConnection: 1000 })
    const { id } = connect()
    const names = Array.from({ length: 300 }, (_, i) => `${(i * 7919) % 300}`)
    for (const name of names) groups.join(id, group(name))
    const seen: string[] = []
    for (let after: string | null = null; ; after = seen.at(-1) ?? null) {
      const page = groups.groups('test', 'dev', after, 40)
      if (page.length === 0) break
      seen.push(...page.map(({ name }) => name))
    }
    expect(seen).toEqual([...names].sort())
    expect(groups.groups('test', 'prod', null, 40)).toEqual([])
  })
})

test('a watcher is told of the first and the last of each group and user', () => {
  const { groups, close, connect } = createPeers()
  const told: string[] = []
  groups.watch({
    appeared: (audience) => told.push(`+${audienceKey(audience)}`),
    vanished: (audience) => told.push(`-${audienceKey(audience)}`),
  })
  const [anna, bert] = [connect(), connect()]
  for (const { id } of [anna, bert, anna]) groups.join(id, group('a'))
  anna.connection.userId = 'anna'
  groups.userChanged(anna.connection, null)
  groups.leave(anna.id, group('a'))
  expect(told.splice(0)).toEqual(['+group/test/dev/a', '+user/test/dev/anna'])
  close(bert)
  close(anna)
  expect(told).toEqual(['-group/test/dev/a', '-user/test/dev/anna'])
})

test('the gateway has a connection in groups from its 101 to its close', () => {
  const { gateway, groups, connect } = createStageGateway(emptyStage())
  onTestFinished(() => gateway.stop())
  const connection = connect({
    end(code, reason) {
      // In the middle of its close.
      expect(groups.join(connection.connectionId, group('b'))).toBe('gone')
      gateway.close(connection, code, reason, 'server')
    },
  })
  groups.join(connection.connectionId, group('a'))
  expect(groups.close(group('a'), everyone, null, null)).toBe(1)
  expect([...groups.audiences()]).toEqual([])
})
