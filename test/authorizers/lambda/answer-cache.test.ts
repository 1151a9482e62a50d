import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  type AnswerCacheOptions,
  createAnswerCache,
  entryBytes,
  type IdentityValues,
} from '../../../src/authorizers/lambda/answer-cache.ts'

/** A memory with a clock that is set, and a count of what was asked for. */
function memory(limits: Partial<AnswerCacheOptions> = {}) {
  const clock = { now: 0 }
  const roomy = { ttlInSeconds: 60, maxEntries: 1_000, maxBytes: 1_000_000 }
  const cache = createAnswerCache<string>({ ...roomy, clock: () => clock.now, ...limits })
  const asked: string[] = []
  const find = async (values: IdentityValues, answer: string, bytes: number | null = 1) =>
    cache.find(values, async () => {
      asked.push(answer)
      return { answer, bytes }
    })
  return { cache, clock, asked, find }
}

test('an answer is remembered from when it came until its time is over, however often it is used', async () => {
  const { clock, find } = memory()
  expect(await find([['a']], 'first')).toBe('first')
  clock.now = 59_999
  expect(await find([['a']], 'second')).toBe('first')
  clock.now = 60_000
  expect(await find([['a']], 'third')).toBe('third')
})

test.each<[IdentityValues, IdentityValues]>([
  [
    [['a,b'], ['c']],
    [['a'], ['b,c']],
  ],
  [[['a', 'b']], [['a'], ['b']]],
  [[['a', 'b']], [['a,b']]],
  [[['a","b']], [['a', 'b']]],
  [[['a"],["b']], [['a'], ['b']]],
  [[['a\u0000b']], [['a'], ['b']]],
  [
    [['a'], ['b']],
    [['b'], ['a']],
  ],
  [[['\ud800']], [['\ufffd']]],
  [[['\ud800']], [['\\ud800']]],
  [[['Token']], [['token']]],
  [[['e\u0301']], [['\u00e9']]],
])('%j is never taken for %j', async (one, other) => {
  const { find } = memory()
  expect(await find(one, 'one')).toBe('one')
  expect(await find(other, 'other')).toBe('other')
  expect(await find(one, 'again')).toBe('one')
})

test('values that differ are never one identity, whatever is in them', async () => {
  const part = fc.string({ unit: fc.constantFrom('a', ',', '"', '\\', '[', ']', '\u0000', '\n'), maxLength: 4 })
  const values = fc.array(fc.array(part, { maxLength: 3 }), { maxLength: 3 })
  await fc.assert(
    fc.asyncProperty(values, values, async (one, other) => {
      const { find } = memory()
      await find(one, 'one')
      const isSame = JSON.stringify(one) === JSON.stringify(other)
      expect(await find(other, 'other')).toBe(isSame ? 'one' : 'other')
    }),
    { numRuns: 200 },
  )
})

test('who comes while an identity is asked about waits for that answer', async () => {
  const { asked, find } = memory()
  const all = await Promise.all([find([['a']], '1'), find([['a']], '2'), find([['b']], '3'), find([['a']], '4')])
  expect(all).toEqual(['1', '1', '3', '1'])
  expect(asked).toEqual(['1', '3'])
})

test('a failure is for those who wait for it, and nobody later', async () => {
  const { cache, find } = memory()
  const failing = async () => cache.find([['a']], () => Promise.reject(new Error('down')))
  expect(await Promise.allSettled([failing(), failing()])).toMatchObject([
    { status: 'rejected' },
    { status: 'rejected' },
  ])
  const failingAtOnce = () => {
    throw new Error('down')
  }
  await expect(cache.find([['a']], failingAtOnce)).rejects.toThrow('down')
  expect(await find([['a']], 'refused', null)).toBe('refused')
  expect(await find([['a']], 'let in')).toBe('let in')
})

test('what was used least lately goes first, by number', async () => {
  const { find } = memory({ maxEntries: 2 })
  await find([['a']], 'a')
  await find([['b']], 'b')
  await find([['a']], 'not asked')
  await find([['c']], 'c')
  expect(await find([['a']], 'anew')).toBe('a')
  expect(await find([['b']], 'anew')).toBe('anew')
})

test('what was used least lately goes first, by bytes, and what is larger than all is not remembered', async () => {
  const { find } = memory({ maxBytes: 2 * entryBytes + 100 })
  await find([['a']], 'a', 50)
  await find([['b']], 'b', 50)
  await find([['c']], 'c', 40)
  expect(await find([['b']], 'anew', 50)).toBe('b')
  expect(await find([['a']], 'anew', 50)).toBe('anew')
  await find([['d']], 'd', 10_000)
  expect(await find([['d']], 'anew', 10)).toBe('anew')
})

test('nothing is remembered over a flush, answers on their way neither', async () => {
  const { cache, find } = memory()
  await find([['a']], 'a')
  const late = find([['b']], 'b')
  cache.flush()
  expect(await find([['a']], 'a anew')).toBe('a anew')
  expect(await late).toBe('b')
  expect(await find([['b']], 'b anew')).toBe('b anew')
})
