import { setImmediate as nextTurn } from 'node:timers/promises'
import { beforeEach, describe, expect, test } from 'vitest'
import type { Audience } from '../../../src/registry/group-contract.ts'
import { deferred } from '../../../src/registry/redis/deferred.ts'
import { createGroupDirectory, type GroupDirectory } from '../../../src/registry/redis/group-directory.ts'
import { fleetKeys } from '../../../src/registry/redis/keys.ts'
import { keyspaceOf, type RedisArgument } from '../../../src/store/contract.ts'
import { createLocalSockets, type LocalSockets } from '../../helpers/local-sockets.ts'
import { redisOf } from '../../helpers/redis-client.ts'
import { silentLog } from '../../helpers/redis-registry.ts'

const keys = fleetKeys(keyspaceOf('p:', 'registry'))
const own = 7
const group = (name: string) => ({ apiId: 'chat', stage: 'dev', kind: 'group' as const, name })
/** A name of 22 characters, as a hash has. */
const hashOf = ({ name }: Audience) => name.padEnd(22, '-')

let sets: Map<string, Set<string>>
let commands: string[]
/** Called before a command is done: may wait, or throw. */
let before: (command: string) => Promise<void> | void
let mayWrite: boolean
let failures: number
let sockets: LocalSockets
let directory: GroupDirectory

function execute(command: string, [key = '', ...members]: string[]): unknown {
  const set = sets.get(key) ?? new Set()
  sets.set(key, set)
  if (command === 'SADD') for (const each of members) set.add(each)
  if (command === 'SREM') for (const each of members) set.delete(each)
  if (command === 'DEL') sets.delete(key)
  return command === 'SCARD' ? set.size : 0
}

const redis = redisOf({
  async run(command: string, ...args: RedisArgument[]) {
    const texts = args.map(String)
    commands.push([command, ...texts].join(' '))
    await before(command)
    if (command === 'EVAL') return ['0', ...(sets.get(texts[2] as string) ?? [])].map((each) => Buffer.from(each))
    return execute(command, texts)
  },
})

beforeEach(() => {
  ;[sets, commands, before, mayWrite, failures] = [new Map(), [], () => {}, true, 0]
  sockets = createLocalSockets()
  directory = createGroupDirectory({
    ...{ redis, keys, own: () => own, local: sockets.groups, hashOf, mayWrite: () => mayWrite, log: silentLog },
    failed: () => void failures++,
  })
})

let ids = 0
function open(): string {
  const id = `connection ${++ids}`
  const rest = { sourceIp: '::1', userAgent: null, domainName: 'x', authorizer: null, identity: null }
  sockets.open({ connectionId: id, apiId: 'chat', stage: 'dev', connectedAt: 1, ...rest })
  return id
}

const ownersOf = (name: string) => [...(sets.get(keys.owners(hashOf(group(name)))) ?? [])]
const listed = () => [...(sets.get(keys.of(own).audiences) ?? [])].map((hash) => hash.replace(/-+$/, '')).sort()

describe('entries of groups in Redis', () => {
  test('are written with the first member and taken away with the last, by two commands each', async () => {
    await directory.check(true)
    const [one, two] = [open(), open()]
    commands.length = 0
    sockets.groups.join(one, group('room'))
    expect(await directory.stored(group('room'))).toBe(true)
    sockets.groups.join(two, group('room'))
    expect(directory.stored(group('room'))).toBeNull()
    expect(commands).toHaveLength(2)
    expect([ownersOf('room'), listed()]).toEqual([['7'], ['room']])
    sockets.groups.leave(one, group('room'))
    sockets.drop(two)
    await directory.flushed()
    expect(commands).toHaveLength(4)
    expect([ownersOf('room'), listed()]).toEqual([[], []])
  })

  test('are there before the first member, for whom the group is held', async () => {
    await directory.check(true)
    sockets.groups.hold(group('room'))
    expect(await directory.stored(group('room'))).toBe(true)
    // Whoever asks in vain meanwhile does not have it taken away.
    expect(directory.found(group('room'), true)).toBe(false)
    await directory.check(true)
    await directory.flushed()
    expect(ownersOf('room')).toEqual(['7'])
    sockets.groups.join(open(), group('room'))
    sockets.groups.release(group('room'))
    expect(directory.stored(group('room'))).toBeNull()
  })

  test('of one turn share a command, and who joins and leaves within it costs the removal alone', async () => {
    await directory.check(true)
    commands.length = 0
    for (const name of ['a', 'b', 'c']) sockets.groups.join(open(), group(name))
    const id = open()
    sockets.groups.join(id, group('d'))
    sockets.groups.leave(id, group('d'))
    await directory.flushed()
    expect(commands.filter((each) => each.startsWith('SADD'))).toHaveLength(4)
    expect(listed()).toEqual(['a', 'b', 'c'])
  })

  test('that change while they are written end as the last change says', async () => {
    await directory.check(true)
    const gate = deferred()
    const id = open()
    before = () => gate.promise
    sockets.groups.join(id, group('room'))
    await nextTurn()
    sockets.groups.leave(id, group('room'))
    const waiting = directory.stored(group('room'))
    before = () => {}
    gate.resolve()
    await waiting
    await directory.flushed()
    expect([directory.unstored, ownersOf('room'), listed()]).toEqual([0, [], []])
    sockets.groups.join(id, group('room'))
    expect(await directory.stored(group('room'))).toBe(true)
    expect(ownersOf('room')).toEqual(['7'])
  })

  test('are not written while Redis is disturbed or the lease in doubt; all are, once it is not', async () => {
    sockets.groups.join(open(), group('early'))
    expect(await directory.stored(group('early'))).toBe(false)
    expect(commands).toEqual([])
    await directory.check(true)
    expect(directory.stored(group('early'))).toBeNull()
    mayWrite = false
    sockets.groups.join(open(), group('doubtful'))
    expect(await directory.stored(group('doubtful'))).toBe(false)
    expect([failures, directory.unstored, listed()]).toEqual([1, 2, ['early']])
    mayWrite = true
    await directory.check(false)
    expect([directory.unstored, listed()]).toEqual([0, ['doubtful', 'early']])
  })

  test('that a failure has kept from being written are told as such to who waits, and written later', async () => {
    await directory.check(true)
    before = () => {
      throw new Error('away')
    }
    sockets.groups.join(open(), group('room'))
    expect(await directory.stored(group('room'))).toBe(false)
    expect(failures).toBe(1)
    before = () => {}
    await directory.check(false)
    expect([ownersOf('room'), listed()]).toEqual([['7'], ['room']])
  })

  test('are written anew where Redis has lost them, and those of nobody are taken away', async () => {
    await directory.check(true)
    for (const name of ['a', 'b']) sockets.groups.join(open(), group(name))
    await directory.flushed()
    const stale = 'stale'.padEnd(22, '-')
    sets = new Map([
      [keys.of(own).audiences, new Set([stale, 'never a hash'])],
      [keys.owners(stale), new Set(['7', '9'])],
    ])
    await directory.check(false)
    expect(listed()).toEqual(['a', 'b'])
    expect([ownersOf('a'), ownersOf('b'), ownersOf('stale')]).toEqual([['7'], ['7'], ['9']])
  })

  test('that were lost one by one are written anew in turn', async () => {
    await directory.check(true)
    for (let i = 0; i < 250; i++) sockets.groups.join(open(), group(`g${i}`))
    await directory.flushed()
    for (let i = 0; i < 250; i++) sets.delete(keys.owners(hashOf(group(`g${i}`))))
    for (let i = 0; i < 3; i++) await directory.check(false)
    for (let i = 0; i < 250; i++) expect(ownersOf(`g${i}`)).toEqual(['7'])
  })

  test('that are found to be missing, or in vain, are mended at once', async () => {
    await directory.check(true)
    sockets.groups.join(open(), group('room'))
    await directory.flushed()
    expect([directory.found(group('room'), true), directory.found(group('none'), false)]).toEqual([false, false])
    sets.clear()
    expect(directory.found(group('room'), false)).toBe(true)
    sets.set(keys.owners(hashOf(group('none'))), new Set(['7']))
    expect(directory.found(group('none'), true)).toBe(false)
    await directory.flushed()
    expect(directory.found(group('none'), true)).toBe(false)
    await directory.flushed()
    expect([ownersOf('room'), ownersOf('none')]).toEqual([['7'], []])
  })

  test('that appear and vanish during a rewrite are in it as they are at its end', async () => {
    for (let i = 0; i < 1_200; i++) sockets.groups.join(open(), group(`g${i}`))
    const id = open()
    sockets.groups.join(id, group('vanishes'))
    let steps = 0
    before = async (command) => {
      if (command !== 'SADD' || steps++ > 0) return
      sockets.groups.leave(id, group('vanishes'))
      sockets.groups.join(id, group('appears'))
    }
    await directory.check(true)
    await directory.flushed()
    await directory.check(false)
    expect(listed()).toHaveLength(1_201)
    expect([ownersOf('vanishes'), ownersOf('appears')]).toEqual([[], ['7']])
  })
})
