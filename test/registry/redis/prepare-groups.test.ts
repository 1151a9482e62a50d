import { expect, test } from 'vitest'
import type { Group } from '../../../src/registry/group-contract.ts'
import { createGroupPreparer } from '../../../src/registry/redis/prepare-groups.ts'
import { createLocalSockets } from '../../helpers/local-sockets.ts'

const group = (name: string): Group => ({ apiId: 'chat', stage: 'dev', kind: 'group', name })
const all = [group('a'), group('b')]

function preparer(stored: (group: string) => Promise<boolean> | null, answerTimeout = 10_000) {
  const { groups: local } = createLocalSockets()
  const prepare = createGroupPreparer({ local, directory: { stored: ({ name }) => stored(name) }, answerTimeout })
  return { prepare, isHeld: () => all.map((each) => local.isHeld(each)), local }
}

test('groups are held until the entry of each is stored, and the connection has joined or will not', async () => {
  const entries = new Map<string, (done: boolean) => void>()
  const { prepare, isHeld } = preparer((name) => new Promise((resolve) => entries.set(name, resolve)))
  const preparation = prepare(all)
  expect(isHeld()).toEqual([true, true])
  let isReady: boolean | null = null
  const ready = preparation?.ready.then((done) => {
    isReady = done
  })
  entries.get('a')?.(true)
  await new Promise((resolve) => setImmediate(resolve))
  expect(isReady).toBeNull()
  entries.get('b')?.(true)
  await ready
  expect(isReady).toBe(true)
  preparation?.release()
  preparation?.release()
  expect(isHeld()).toEqual([false, false])
})

test('groups that are there and stored are not waited for, all of them and no fewer', async () => {
  const { prepare, local } = preparer(() => null)
  local.hold(group('a'))
  const preparation = prepare(all)
  expect(await preparation?.ready).toBe(true)
  expect(prepare(all)).toBeNull()
  preparation?.release()
  expect(prepare(all)).not.toBeNull()
})

test('it is said where an entry can not be stored, or not in time', async () => {
  const failing = preparer(async (name) => name === 'a')
  expect(await failing.prepare(all)?.ready).toBe(false)
  const late = preparer(() => new Promise(() => {}), 10)
  expect(await late.prepare(all)?.ready).toBe(false)
})
