import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import {
  maxRevocations,
  type RevocableFacts,
  type Revocation,
  type RevocationChanges,
  type RevocationStore,
} from '../../src/revocations/contract.ts'
import { openFileRevocationStore } from '../../src/revocations/file-store.ts'
import { createMemoryRevocationStore } from '../../src/revocations/memory-store.ts'
import { createRevocationList } from '../../src/revocations/revocation-list.ts'
import { recordLog } from '../helpers/record-log.ts'

const revocationOf = (members: Partial<Revocation> = {}): Revocation => {
  return { kind: 'principalId', value: 'ada', apiId: null, revokedAt: 0, expiresAt: 1_000, reason: null, ...members }
}
const factsOf = (authorizer: Record<string, string> | null, apiId = 'chat'): RevocableFacts => {
  return { apiId, authorizer, identity: null }
}
const ada = factsOf({ principalId: 'ada', jti: 't1' })

/** A list over a store, at a time that a test sets. */
function listOf(make: (now: () => number) => RevocationStore) {
  const clock = { now: 0 }
  const added: Revocation[] = []
  const log = recordLog()
  const now = () => clock.now
  const list = createRevocationList({ store: make(now), added: (all) => added.push(...all), log, now })
  onTestFinished(() => list.stop())
  return { clock, added, log, list }
}

test('a user, a token or an API key is found until the revocation ends or is taken back', async () => {
  const { clock, added, list } = listOf((now) => createMemoryRevocationStore({ now }))
  await list.start()
  expect(list.find(ada)).toBeNull()
  const [user, token] = [revocationOf(), revocationOf({ kind: 'tokenId', value: 't1', expiresAt: 2_000 })]
  await list.add(user)
  expect([list.find(ada), added]).toEqual([user, [user]])
  expect(list.find(factsOf({ principalId: 'bob', jti: 'ada' }))).toBeNull()
  expect(list.find(factsOf(null))).toBeNull()
  await list.add(token)
  clock.now = 1_000
  expect([list.find(ada), await list.list()]).toEqual([token, [token]])
  expect([await list.remove(token), await list.remove(token), list.find(ada)]).toEqual([true, false, null])
  const key = revocationOf({ kind: 'apiKeyId', value: 'acme', expiresAt: 5_000 })
  await list.add(key)
  expect(list.find({ apiId: 'chat', authorizer: null, identity: { apiKeyId: 'acme' } })).toEqual(key)
})

test('one for an API holds in no other', async () => {
  const { list } = listOf((now) => createMemoryRevocationStore({ now }))
  await list.start()
  const inChat = revocationOf({ apiId: 'chat' })
  await list.add(inChat)
  expect([list.find(ada), list.find({ ...ada, apiId: 'other' })]).toEqual([inChat, null])
  expect(await list.remove(revocationOf())).toBe(false)
})

test('there is a limit, beyond which nothing is added and what is there can still be changed', async () => {
  const kept = Array.from({ length: maxRevocations }, (_, index) => revocationOf({ value: `user-${index}` }))
  const { clock, list } = listOf((now) => createMemoryRevocationStore({ kept, now }))
  await list.start()
  expect(await list.add(revocationOf())).toBe('full')
  expect(list.find(ada)).toBeNull()
  expect(await list.add(revocationOf({ value: 'user-7', reason: 'again' }))).toBe('added')
  clock.now = 1_000
  expect(await list.add(revocationOf({ expiresAt: 2_000 }))).toBe('added')
})

test('a file keeps them beyond the process; a faulty one is not taken for an empty one', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'postern-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const file = join(folder, 'revocations.json')
  const first = await openFileRevocationStore(file, () => 0)
  await Promise.all([first.add([revocationOf()]), first.add([revocationOf({ value: '__proto__', apiId: 'chat' })])])
  expect(await readdir(folder)).toEqual(['revocations.json'])
  const second = await openFileRevocationStore(file, () => 0)
  expect((await second.read()).added).toEqual([revocationOf(), revocationOf({ value: '__proto__', apiId: 'chat' })])
  for (const text of ['{}', '', '{"version":1,"revocations":{"x":"[]"}}']) {
    await writeFile(file, text)
    await expect(openFileRevocationStore(file, () => 0)).rejects.toThrow('holds no revocations of Postern')
  }
})

test('a revocation that could not be saved is none', async () => {
  const save = () => Promise.reject(new Error('disk full'))
  const { list, added } = listOf((now) => createMemoryRevocationStore({ now, save }))
  await list.start()
  await expect(list.add(revocationOf())).rejects.toThrow('disk full')
  expect([list.find(ada), await list.list(), added]).toEqual([null, [], []])
})

/** A store that others change, and that can be away. */
function sharedStore(answers: (RevocationChanges | Error)[], stored: Revocation[] = []): RevocationStore {
  return {
    isShared: true,
    async add(revocations) {
      stored.push(...revocations)
      return 'added'
    },
    remove: async () => true,
    async read() {
      const answer = answers.shift() ?? { added: [], removed: [], isLost: false }
      if (answer instanceof Error) throw answer
      return answer
    },
  }
}

test('while the list was never read, whoever shows something revocable may be revoked', async () => {
  const { list, log } = listOf(() => sharedStore([new Error('away')]))
  expect([list.find(ada), list.find(factsOf(null)), list.find(factsOf({ tenant: 'x' }))]).toEqual([
    'unknown',
    null,
    null,
  ])
  await list.start()
  expect(list.find(ada)).toBe('unknown')
  expect(log.entries.map(({ level, fields }) => [level, fields])).toEqual([['warn', { cause: 'away', known: false }]])
  await list.list()
  expect(list.find(ada)).toBeNull()
})

test('what a store has lost is stored anew, also when that takes a second try', async () => {
  const stored: Revocation[] = []
  const lost = { added: [], removed: [], isLost: true }
  const store = sharedStore([{ added: [revocationOf()], removed: [], isLost: false }, lost], stored)
  let failures = 1
  const flaky: RevocationStore = {
    ...store,
    add: (all) => (failures-- > 0 ? Promise.reject(new Error('away')) : store.add(all)),
  }
  const { list } = listOf(() => flaky)
  await list.list()
  await expect(list.list()).rejects.toThrow('away')
  expect([list.find(ada), stored]).toEqual([revocationOf(), []])
  await list.list()
  expect(stored).toEqual([revocationOf()])
})
