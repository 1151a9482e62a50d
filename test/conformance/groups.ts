import { describe, expect, it } from 'vitest'
import type { Audience, AudienceAnswer, Group, Groups, SendOptions } from '../../src/registry/group-contract.ts'
import type { LocalSocket } from '../helpers/local-sockets.ts'
import type { RegistryStore } from './registry-store.ts'
import {
  connect,
  disconnect,
  foreignId,
  idOfSocket as idOf,
  type Join,
  malformedIds,
  type RegistryWorker,
  textOrBytes,
} from './registry-worker.ts'

const stage = { apiId: 'chat', stage: 'dev' }
const everyone: Audience = { ...stage, kind: 'all', name: '' }
const plain: SendOptions = { except: [], filter: null, coalesce: null, failures: 0 }

/** Names that nobody should choose, and anybody may. */
const hostileNames = ['..', '../%2F', 'a/b', 'a}b{c', '\0', '\r\n*1', '__proto__', 'é😀', ' ', 'x'.repeat(256)]

function group(name: string): Group {
  return { ...stage, kind: 'group', name }
}

function user(name: string): Audience {
  return { ...stage, kind: 'user', name }
}

function textsOf({ frames }: LocalSocket): (string | number[])[] {
  return frames.map(textOrBytes)
}

async function send(groups: Groups, audience: Audience, data: string, options: Partial<SendOptions> = {}) {
  return await groups.send(audience, { data, binary: false }, { ...plain, ...options })
}

/** The numbers of a report of a message that all got. */
function allSent(targets: number) {
  return { targets, sent: targets, full: 0, gone: 0, unreachable: 0, failures: [] }
}

async function joined(worker: RegistryWorker, name: string, members?: { principalId: string }): Promise<LocalSocket> {
  const socket = await connect(worker, { authorizer: members ?? null })
  expect(await worker.registry.join(idOf(socket), group(name))).toBe('joined')
  return socket
}

async function membersOf({ registry }: RegistryWorker, audience: Audience, limit: number): Promise<string[]> {
  const ids: string[] = []
  let cursor: string | null = null
  do {
    const page = await registry.members(audience, cursor, limit)
    expect(page.connectionIds.length).toBeLessThanOrEqual(limit)
    expect(page).toMatchObject({ unanswered: [], incomplete: false })
    ids.push(...page.connectionIds)
    cursor = page.cursor
  } while (cursor !== null)
  return ids
}

async function groupsOf({ registry }: RegistryWorker, limit: number): Promise<[string, number][]> {
  const found: [string, number][] = []
  let cursor: string | null = null
  do {
    const page = await registry.groups(stage.apiId, stage.stage, cursor, limit)
    expect(page.groups.length).toBeLessThanOrEqual(limit)
    expect(page).toMatchObject({ unanswered: [], incomplete: false })
    found.push(...page.groups.map(({ name, connections }): [string, number] => [name, connections]))
    cursor = page.cursor
  } while (cursor !== null)
  return found
}

/** The names of the workers that some page of a listing has missed. */
async function unansweredOf(
  list: (cursor: string | null) => Promise<AudienceAnswer & { readonly cursor: string | null }>,
): Promise<string[]> {
  const names: string[] = []
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page = await list(cursor ?? null)
    names.push(...page.unanswered.map(({ name }) => name))
    cursor = page.cursor
  }
  return names
}

/** The promises of `Groups`, as tests that every engine passes. */
export function describeGroups(join: Join): void {
  describe('groups', () => {
    it('are joined and left, again and again, and by their members alone', async () => {
      const worker = await join()
      const { registry } = worker
      const [member, other] = [await joined(worker, 'room'), await connect(worker)]
      expect(await registry.join(idOf(member), group('room'))).toBe('joined')
      expect(await send(registry, group('room'), 'one')).toEqual(allSent(1))
      expect(await registry.leave(idOf(member), group('room'))).toBe('left')
      expect(await registry.leave(idOf(other), group('room'))).toBe('left')
      expect(await send(registry, group('room'), 'two')).toEqual(allSent(0))
      expect(textsOf(member)).toEqual(['one'])
      expect(textsOf(other)).toEqual([])
    })

    it('take no connection that is gone, or that is of another stage or API', async () => {
      const worker = await join()
      const { registry } = worker
      const gone = idOf(await connect(worker))
      await disconnect(worker, gone)
      const elsewhere = [await connect(worker, { apiId: 'orders' }), await connect(worker, { stage: 'prod' })]
      for (const id of [gone, ...elsewhere.map(idOf), registry.allocateId(), foreignId(worker), ...malformedIds]) {
        expect(await registry.join(id, group('room')), id).toBe('gone')
        expect(await registry.leave(id, group('room')), id).toBe('gone')
      }
      expect(await registry.countAll(group('room'))).toEqual({ connections: 0, unanswered: [], incomplete: false })
    })

    it('are no more than a connection may be in', async () => {
      const worker = await join()
      const id = idOf(await connect(worker))
      for (let i = 0; i < 100; i++) expect(await worker.registry.join(id, group(`g${i}`))).toBe('joined')
      expect(await worker.registry.join(id, group('one more'))).toBe('tooMany')
      expect(await worker.registry.leave(id, group('g0'))).toBe('left')
      expect(await worker.registry.join(id, group('one more'))).toBe('joined')
    })

    it('have whatever name, and are apart by name, kind, stage and API', async () => {
      const worker = await join()
      const sockets = new Map<string, LocalSocket>()
      for (const name of hostileNames) sockets.set(name, await joined(worker, name))
      for (const name of hostileNames) {
        expect(await send(worker.registry, group(name), `to ${name}`), name).toEqual(allSent(1))
        expect(await send(worker.registry, user(name), 'to a user'), name).toEqual(allSent(0))
        expect(await send(worker.registry, { ...group(name), stage: 'prod' }, 'x'), name).toEqual(allSent(0))
        expect(await send(worker.registry, { ...group(name), apiId: 'orders' }, 'x'), name).toEqual(allSent(0))
      }
      for (const [name, socket] of sockets) expect(textsOf(socket), name).toEqual([`to ${name}`])
      expect((await groupsOf(worker, 3)).map(([name]) => name)).toEqual([...hostileNames].sort())
    })

    it('lose a connection that ends', async () => {
      const worker = await join()
      const [stays, ends] = [await joined(worker, 'room'), await joined(worker, 'room')]
      await disconnect(worker, idOf(ends))
      expect(await send(worker.registry, group('room'), 'x')).toEqual(allSent(1))
      expect(await membersOf(worker, group('room'), 10)).toEqual([idOf(stays)])
    })
  })

  describe('messages to many', () => {
    it('reach the members of a group, the connections of a user, or everyone of a stage', async () => {
      const worker = await join()
      const ada = [await joined(worker, 'a', { principalId: 'ada' }), await joined(worker, 'b', { principalId: 'ada' })]
      const bob = await joined(worker, 'a', { principalId: 'bob' })
      const other = await connect(worker, { stage: 'prod' })
      expect(await send(worker.registry, group('a'), 'group')).toEqual(allSent(2))
      expect(await send(worker.registry, user('ada'), 'user')).toEqual(allSent(2))
      expect(await send(worker.registry, everyone, 'all')).toEqual(allSent(3))
      expect(ada.map(textsOf)).toEqual([
        ['group', 'user', 'all'],
        ['user', 'all'],
      ])
      expect(textsOf(bob)).toEqual(['group', 'all'])
      expect(textsOf(other)).toEqual([])
    })

    it('carry text and bytes as they are, which are read before the call returns', async () => {
      const worker = await join()
      const socket = await joined(worker, 'room')
      const data = Uint8Array.of(0, 255, 128)
      const sending = worker.registry.send(group('room'), { data, binary: true }, plain)
      data.fill(9)
      expect(await sending).toEqual(allSent(1))
      expect(await send(worker.registry, group('room'), 'é😀\0')).toEqual(allSent(1))
      expect(textsOf(socket)).toEqual([[0, 255, 128], 'é😀\0'])
    })

    it('leave out whom they except, and whom their filter does not match', async () => {
      const worker = await join()
      const [a, b, c] = [await joined(worker, 'room'), await joined(worker, 'room'), await joined(worker, 'room')]
      const lone = await connect(worker, { sourceIp: '::1' })
      expect(await worker.registry.join(idOf(lone), group('room'))).toBe('joined')
      const except = [idOf(a), worker.registry.allocateId()]
      expect(await send(worker.registry, group('room'), 'x', { except })).toEqual(allSent(3))
      const filter = "sourceIp = '::1'"
      expect(await send(worker.registry, group('room'), 'y', { filter })).toEqual(allSent(1))
      expect([a, b, c, lone].map(textsOf)).toEqual([[], ['x'], ['x'], ['x', 'y']])
    })

    it('say which connections did not get them, as many as were asked for', async () => {
      const worker = await join()
      const sockets = [await joined(worker, 'room'), await joined(worker, 'room'), await joined(worker, 'room')]
      for (const socket of sockets.slice(1)) socket.full = true
      const report = await send(worker.registry, group('room'), 'x', { failures: 10 })
      expect(report).toMatchObject({ targets: 3, sent: 1, full: 2, gone: 0, unreachable: 0 })
      const named = report.failures.map(({ connectionId, reason }) => `${connectionId} ${reason}`)
      expect(named.sort()).toEqual(
        sockets
          .slice(1)
          .map((socket) => `${idOf(socket)} full`)
          .sort(),
      )
      expect((await send(worker.registry, group('room'), 'x', { failures: 1 })).failures).toHaveLength(1)
    })

    it('arrive in the order of the calls, also among those to one connection', async () => {
      const worker = await join()
      await expectMixedOrder(worker.registry, await joined(worker, 'room'))
    })

    it('close, add and take out everyone who is meant', async () => {
      const worker = await join()
      const [a, b] = [await joined(worker, 'a', { principalId: 'ada' }), await joined(worker, 'a')]
      const { registry } = worker
      expect(await registry.joinAll(user('ada'), group('b'))).toEqual({ connections: 1, tooMany: 0, unreachable: 0 })
      expect(await groupsOf(worker, 10)).toEqual([
        ['a', 2],
        ['b', 1],
      ])
      expect(await registry.leaveAll(user('ada'), group('a'))).toEqual({ connections: 1, tooMany: 0, unreachable: 0 })
      expect(await membersOf(worker, group('a'), 10)).toEqual([idOf(b)])
      expect(await registry.leaveAll(group('b'), group('b'))).toEqual({ connections: 1, tooMany: 0, unreachable: 0 })
      expect(await groupsOf(worker, 10)).toEqual([['a', 1]])
      const closing = registry.closeAll(everyone, { except: [idOf(b)], filter: null }, 4001, 'bye')
      expect(await closing).toEqual({ connections: 1, tooMany: 0, unreachable: 0 })
      expect([a.closed, b.closed]).toEqual([{ code: 4001, reason: 'bye' }, null])
      expect(await registry.closeAll(group('a'), { except: [], filter: null }, null, null)).toMatchObject({
        connections: 1,
      })
      expect(b.closed).toEqual({ code: null, reason: null })
    })
  })

  describe('the members', () => {
    it('are counted and listed once each, in pages of any size', async () => {
      const worker = await join()
      const ids: string[] = []
      for (let i = 0; i < 23; i++) ids.push(idOf(await joined(worker, 'room')))
      expect(await worker.registry.countAll(group('room'))).toEqual({
        ...{ connections: 23, unanswered: [], incomplete: false },
      })
      const whole = await membersOf(worker, group('room'), 1000)
      expect([...whole].sort()).toEqual([...ids].sort())
      for (const limit of [1, 5, 22, 23, 24]) expect(await membersOf(worker, group('room'), limit)).toEqual(whole)
      expect(await membersOf(worker, everyone, 7)).toHaveLength(23)
      expect(await membersOf(worker, group('other'), 7)).toEqual([])
    })

    it('of all groups are listed by name', async () => {
      const worker = await join()
      for (const name of ['c', 'a', 'é', 'b', 'a']) await joined(worker, name)
      const whole = [
        ['a', 2],
        ['b', 1],
        ['c', 1],
        ['é', 1],
      ]
      for (const limit of [1, 3, 4, 1000]) expect(await groupsOf(worker, limit)).toEqual(whole)
    })

    it('are in no page behind a cursor that is none', async () => {
      const worker = await join()
      await joined(worker, 'room')
      for (const cursor of [
        '',
        'x',
        '0',
        '-1',
        '../..',
        '\0',
        'A'.repeat(5000),
        '{"a":1}',
        '1:x',
        '-1:',
        '99999999:',
      ]) {
        await expect(worker.registry.members(group('room'), cursor, 10), cursor).rejects.toThrow(RangeError)
      }
      for (const cursor of ['', '=', '\0', 'é', 'A'.repeat(5000), '{"a":1}', 'gA', 'YQ==']) {
        await expect(worker.registry.groups('chat', 'dev', cursor, 10), cursor).rejects.toThrow(RangeError)
      }
    })
  })
}

/** The promises of `Groups` that take several workers to be seen. */
export function describeGroupsInFleet(join: Join, storeOf: () => RegistryStore): void {
  describe('groups, among several workers', () => {
    it('are joined and left through any worker, and then reach through any other', async () => {
      const [one, two, three] = [await join(), await join(), await join()]
      const sockets = [await connect(one), await connect(two)]
      for (const socket of sockets) expect(await three.registry.join(idOf(socket), group('room'))).toBe('joined')
      for (const [i, { registry }] of [one, two, three].entries()) {
        expect(await send(registry, group('room'), `${i}`)).toEqual(allSent(2))
      }
      expect(await one.registry.leave(idOf(sockets[1] as LocalSocket), group('room'))).toBe('left')
      expect(await send(three.registry, group('room'), '3')).toEqual(allSent(1))
      expect(sockets.map(textsOf)).toEqual([
        ['0', '1', '2', '3'],
        ['0', '1', '2'],
      ])
      const [gone] = [idOf(sockets[1] as LocalSocket)]
      await disconnect(two, gone)
      expect(await one.registry.join(gone, group('room'))).toBe('gone')
      const elsewhere = idOf(await connect(two, { stage: 'prod' }))
      expect(await one.registry.join(elsewhere, group('room'))).toBe('gone')
      expect(await one.registry.leave(elsewhere, group('room'))).toBe('gone')
    })

    it('are found through any worker from the moment of joining, where they were prepared for it', async () => {
      const [near, far] = [await join(), await join()]
      const groups = Array.from({ length: 3 }, (_, i) => group(`fresh ${i}`))
      for (let round = 0; round < 3; round++) {
        const preparation = near.registry.prepare(groups)
        expect((await preparation?.ready) ?? true).toBe(true)
        for (const each of groups) expect(await send(far.registry, each, 'early')).toEqual(allSent(0))
        expect(await groupsOf(far, 10)).toEqual([])
        const socket = await connect(near)
        const joining = groups.map((each) => near.registry.join(idOf(socket), each))
        for (const each of groups) expect(await send(far.registry, each, each.name)).toEqual(allSent(1))
        expect(await Promise.all(joining)).toEqual(['joined', 'joined', 'joined'])
        // Those that are there already are not waited for.
        expect(near.registry.prepare(groups)).toBeNull()
        preparation?.release()
        preparation?.release()
        expect(textsOf(socket)).toEqual(groups.map(({ name }) => name))
        await disconnect(near, idOf(socket))
      }
    })

    it('send each worker that holds a member one message, and no other worker any', async () => {
      const [one, two, three] = [await join(), await join(), await join()]
      const sockets = [await joined(two, 'room'), await joined(two, 'room'), await joined(one, 'room')]
      await joined(three, 'other')
      expect(await send(one.registry, group('room'), 'x')).toEqual(allSent(3))
      expect(sockets.map(textsOf)).toEqual([['x'], ['x'], ['x']])
      expect([two.sockets.groups.sends, three.sockets.groups.sends]).toEqual([1, 0])
      expect(await send(one.registry, everyone, 'all')).toEqual(allSent(4))
      for (const { sockets } of [two, three]) sockets.drop(idOf(await connect(one)))
      for (const socket of sockets.slice(0, 2)) await disconnect(two, idOf(socket))
      await expect
        .poll(async () => {
          const before = two.sockets.groups.sends
          await send(one.registry, group('room'), 'y')
          return two.sockets.groups.sends - before
        })
        .toBe(0)
    })

    it('carry the options of a message to every worker, and the reports back', async () => {
      const [near, far] = [await join(), await join()]
      const [a, b, c] = [await joined(near, 'room'), await joined(far, 'room'), await joined(far, 'room')]
      const odd = await connect(far, { sourceIp: '::1' })
      expect(await near.registry.join(idOf(odd), group('room'))).toBe('joined')
      b.full = true
      const report = await send(near.registry, group('room'), 'x', { except: [idOf(c)], failures: 5 })
      expect(report).toEqual({
        ...{ targets: 3, sent: 2, full: 1, gone: 0, unreachable: 0 },
        failures: [{ connectionId: idOf(b), reason: 'full' }],
      })
      expect(await send(near.registry, group('room'), 'y', { filter: "sourceIp = '::1'" })).toEqual(allSent(1))
      const bytes = Uint8Array.of(0, 255)
      const sending = near.registry.send(group('room'), { data: bytes, binary: true }, { ...plain, except: [idOf(b)] })
      bytes.fill(7)
      expect(await sending).toEqual(allSent(3))
      expect([a, b, c, odd].map(textsOf)).toEqual([['x', [0, 255]], [], [[0, 255]], ['x', 'y', [0, 255]]])
    })

    it('keep the order of one caller, also beside what it sends to one connection', async () => {
      const [near, far] = [await join(), await join()]
      await expectMixedOrder(near.registry, await joined(far, 'room'))
    })

    it('close, add and take out the connections of each other', async () => {
      const [near, far] = [await join(), await join()]
      const sockets = [await joined(near, 'a', { principalId: 'ada' }), await joined(far, 'a', { principalId: 'ada' })]
      const both = { connections: 2, tooMany: 0, unreachable: 0 }
      expect(await near.registry.joinAll(user('ada'), group('b'))).toEqual(both)
      expect(await far.registry.countAll(group('b'))).toMatchObject({ connections: 2 })
      expect(await far.registry.leaveAll(user('ada'), group('a'))).toEqual(both)
      expect(await groupsOf(near, 10)).toEqual([['b', 2]])
      expect(await near.registry.leaveAll(group('b'), group('b'))).toEqual(both)
      expect(await groupsOf(near, 10)).toEqual([])
      expect(await near.registry.closeAll(user('ada'), { except: [], filter: null }, 4001, 'bye')).toEqual(both)
      for (const { closed } of sockets) expect(closed).toEqual({ code: 4001, reason: 'bye' })
    })

    it('are counted and listed whole, by all the same', async () => {
      const workers = [await join(), await join(), await join()]
      const ids: string[] = []
      for (let i = 0; i < 17; i++) ids.push(idOf(await joined(workers[i % 3] as RegistryWorker, 'room')))
      for (const [i, name] of ['a', 'b', 'c', 'b', 'd'].entries()) await joined(workers[i % 3] as RegistryWorker, name)
      const names = [
        ['a', 1],
        ['b', 2],
        ['c', 1],
        ['d', 1],
        ['room', 17],
      ]
      for (const worker of workers) {
        expect(await worker.registry.countAll(group('room'))).toMatchObject({ connections: 17 })
        for (const limit of [3, 17, 1000]) {
          expect((await membersOf(worker, group('room'), limit)).sort()).toEqual([...ids].sort())
          expect(await groupsOf(worker, limit)).toEqual(names)
        }
      }
    })

    it('call the members of a dead worker unreachable while its lease lasts, and have lost them after that', async () => {
      const [near, far] = [await join('near'), await join('far')]
      const [stays] = [await joined(near, 'room'), await joined(far, 'room')]
      await storeOf().kill(far.registry)
      expect(await send(near.registry, group('room'), 'x')).toMatchObject({ targets: 2, sent: 1, unreachable: 1 })
      expect(await near.registry.countAll(group('room'))).toMatchObject({
        ...{ connections: 1, unanswered: [{ name: 'far' }] },
      })
      expect(await unansweredOf((cursor) => near.registry.members(group('room'), cursor, 10))).toEqual(['far'])
      expect(await unansweredOf((cursor) => near.registry.groups('chat', 'dev', cursor, 10))).toEqual(['far'])
      await storeOf().outliveLease(far.registry)
      expect(await send(near.registry, group('room'), 'y')).toEqual(allSent(1))
      expect(await near.registry.countAll(group('room'))).toMatchObject({ connections: 1, unanswered: [] })
      expect(await membersOf(near, group('room'), 10)).toEqual([idOf(stays)])
      expect(await groupsOf(near, 10)).toEqual([['room', 1]])
    })
  })
}

/** Sends to the group `room` and to its member in turn, without waiting for any of it. */
async function expectMixedOrder(registry: RegistryWorker['registry'], socket: LocalSocket): Promise<void> {
  const texts = Array.from({ length: 200 }, (_, i) => `frame ${i}`)
  const id = idOf(socket)
  const outcomes = await Promise.all(
    texts.map(async (data, i) =>
      i % 3 === 0
        ? await registry.deliver(id, { data, binary: false }, 'chat')
        : (await send(registry, group('room'), data)).sent,
    ),
  )
  expect(new Set(outcomes)).toEqual(new Set(['sent', 1]))
  expect(textsOf(socket)).toEqual(texts)
}
