import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createLineLimit } from '../../src/limits/line-limit.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const taken = (limit: { takes(): boolean }, times: number) =>
  Array.from({ length: times }, () => limit.takes()).filter((may) => may).length

test('ten lines a second are taken, and the number of the others is told once the second is over', () => {
  const tell = vi.fn()
  const limit = createLineLimit(tell)
  expect(taken(limit, 1_000)).toBe(10)
  vi.advanceTimersByTime(999)
  expect([taken(limit, 1), tell.mock.calls]).toEqual([0, []])
  vi.advanceTimersByTime(1)
  expect(tell.mock.calls).toEqual([[991]])
  expect(taken(limit, 11)).toBe(10)
})

test('nothing is told where nothing was left out, and no clock runs while there are no lines', () => {
  const tell = vi.fn()
  const limit = createLineLimit(tell)
  expect(vi.getTimerCount()).toBe(0)
  expect(taken(limit, 10)).toBe(10)
  vi.advanceTimersByTime(60_000)
  expect([tell.mock.calls, vi.getTimerCount()]).toEqual([[], 0])
})

test('closing tells what was left out, once', () => {
  const tell = vi.fn()
  const limit = createLineLimit(tell)
  taken(limit, 12)
  limit.close()
  limit.close()
  expect([tell.mock.calls, vi.getTimerCount()]).toEqual([[[2]], 0])
})
