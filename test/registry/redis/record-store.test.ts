import { setImmediate as nextTurn } from 'node:timers/promises'
import { beforeEach, describe, expect, test } from 'vitest'
import { createRecordTable, type RecordTable } from '../../../src/registry/record-table.ts'
import { createRecordStore, type RecordStore } from '../../../src/registry/redis/record-store.ts'
import type { RedisArgument } from '../../../src/store/contract.ts'
import type { ConnectionRecord } from '../../../src/vocabulary/connection.ts'
import { redisOf } from '../../helpers/redis-client.ts'
import { silentLog } from '../../helpers/redis-registry.ts'

interface Command {
  readonly text: string
  settle(reply?: unknown): void
  fail(): void
}

let commands: Command[]
/** Commands that are sent, and wait for a test to answer them. */
let held: boolean
let key: string
let time: number
let failures: number
let hash: Map<string, Map<string, string>>
let records: RecordTable
let recordStore: RecordStore

/** What Redis would do, when it does it. */
function execute(command: string, args: string[]): unknown {
  if (command === 'EVAL') {
    const ids = [...(hash.get(args[2] as string)?.keys() ?? [])]
    return [Buffer.from('0'), 0, ...ids.map((id) => Buffer.from(id))]
  }
  const name = args.shift() as string
  const fields = hash.get(name) ?? new Map<string, string>()
  hash.set(name, fields)
  if (command === 'HDEL') for (const id of args) fields.delete(id)
  if (command === 'HSET') for (let i = 0; i < args.length; i += 2) fields.set(args[i] as string, '')
  return 0
}

const redis = redisOf({
  run: (command: string, ...args: RedisArgument[]) =>
    new Promise((resolve, reject) => {
      const texts = args.map((arg) => (typeof arg === 'string' ? arg : ''))
      const settle = () => resolve(execute(command, texts))
      const text = [command, ...texts.filter((each) => each !== '')].join(' ')
      commands.push({ text, settle, fail: () => reject(new Error('away')) })
      if (!held) settle()
    }),
})

beforeEach(() => {
  ;[commands, held, key, time, failures, hash] = [[], false, 'a', 0, 0, new Map()]
  records = createRecordTable()
  recordStore = createRecordStore({
    ...{ redis, records, log: silentLog, key: () => key, mayWrite: () => true, clock: () => time },
    failed: () => void failures++,
  })
})

const record = (connectionId: string) => ({ connectionId, apiId: 'chat' }) as ConnectionRecord

function add(id: string): Promise<void> {
  records.add(record(id))
  return recordStore.put(record(id))
}

function remove(id: string, told: Promise<unknown> | null = null): Promise<void> {
  return recordStore.remove(records.remove(id) as ConnectionRecord, told)
}

const stored = (name = 'a') => [...(hash.get(name)?.keys() ?? [])].sort()

describe('records in Redis', () => {
  test('of one turn go in two commands, however many come and go', async () => {
    await recordStore.rewrite()
    await Promise.all(['1', '2', '3'].map(add))
    commands.length = 0
    await Promise.all([add('4'), remove('1'), add('5'), remove('2'), add('6'), remove('6')])
    expect(commands.map(({ text }) => text)).toEqual(['HSET a 4 5', 'HDEL a 1 2 6'])
    expect(stored()).toEqual(['3', '4', '5'])
  })

  test('are known to be there when a rewrite has stored them, too', async () => {
    let known = false
    const before = add('1')
    await before // Redis is away: nobody waits
    held = true
    const rewriting = recordStore.rewrite()
    await expect.poll(() => commands.length).toBe(1)
    records.add(record('2'))
    void recordStore.put(record('2')).then(() => {
      known = true
    })
    held = false
    for (const { settle } of commands) settle()
    await rewriting
    await expect.poll(() => known).toBe(true)
    expect(stored()).toEqual(['1', '2'])
    expect(recordStore.unstored).toBe(0)
  })

  test('are written after a change that comes in the moment in which a write ends', async () => {
    await recordStore.rewrite()
    held = true
    const first = add('1')
    await nextTurn()
    held = false
    // Runs as soon as the first one is done, before anything else does.
    const second = first.then(() => add('2')).then(() => add('3'))
    for (const { settle } of commands) settle()
    await second
    expect(stored()).toEqual(['1', '2', '3'])
  })

  test('of an ended connection stay until its backend has been told, through a rewrite of an empty Redis too', async () => {
    await recordStore.rewrite()
    await Promise.all([add('1'), add('2')])
    let tell = () => {}
    const removed = remove('1', new Promise<void>((resolve) => (tell = resolve)))
    await nextTurn()
    expect(stored()).toEqual(['1', '2'])
    time = 1
    expect(recordStore.expectedSince(1)).toBe(2)
    hash.clear()
    recordStore.suspend()
    await recordStore.rewrite()
    expect(stored()).toEqual(['1', '2'])
    tell()
    await removed
    expect(stored()).toEqual(['2'])
    await recordStore.toldAll()
  })

  test('are counted only when nothing has changed since Redis was asked', async () => {
    await recordStore.rewrite()
    expect(recordStore.expectedSince(time)).toBeNull()
    time = 1
    expect(recordStore.expectedSince(time)).toBe(0)
    await add('1')
    expect(recordStore.expectedSince(time)).toBeNull()
    time = 2
    expect(recordStore.expectedSince(time)).toBe(1)
    held = true
    void add('2')
    time = 3
    expect(recordStore.expectedSince(time)).toBeNull()
  })

  test('that fail are owed, and so known as not stored', async () => {
    await recordStore.rewrite()
    await Promise.all([add('1'), add('2')])
    held = true
    void add('3')
    void remove('1')
    await nextTurn()
    void add('4')
    for (const { fail } of commands.filter(({ text }) => /HSET a 3|HDEL a 1/.test(text))) fail()
    await expect.poll(() => failures).toBe(1)
    expect([...recordStore.unstoredIds()].sort()).toEqual(['3', '4'])
    held = false
    await recordStore.rewrite()
    await recordStore.flushed()
    expect(stored()).toEqual(['2', '3', '4'])
    expect(recordStore.unstored).toBe(0)
  })

  test('of an owner id that is spent never come under the next one', async () => {
    await recordStore.rewrite()
    held = true
    void add('1')
    await nextTurn()
    // Others have taken this worker for dead while a write was under way, which then fails.
    records.clear()
    recordStore.clear()
    key = 'b'
    held = false
    for (const { text, fail } of commands) if (text === 'HSET a 1') fail()
    await nextTurn()
    await recordStore.rewrite()
    await add('2')
    await recordStore.flushed()
    expect(stored('b')).toEqual(['2'])
    expect(recordStore.unstored).toBe(0)
  })

  test('that are no more, and were not removed while Redis was away, go with the next rewrite', async () => {
    await recordStore.rewrite()
    await Promise.all([add('1'), add('2')])
    recordStore.suspend()
    await remove('1')
    await add('3')
    await recordStore.rewrite()
    await recordStore.flushed()
    expect(stored()).toEqual(['2', '3'])
  })
})
