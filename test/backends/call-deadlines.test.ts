import fc from 'fast-check'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { CallDeadlines, type TimedCall } from '../../src/backends/call-deadlines.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function call(onExpire: () => void): TimedCall {
  return { startedAt: performance.now(), earlier: null, later: null, expire: onExpire }
}

test('a call expires when its time is up, not before', () => {
  const expire = vi.fn()
  new CallDeadlines(100).add(call(expire))
  vi.advanceTimersByTime(99)
  expect(expire).not.toHaveBeenCalled()
  vi.advanceTimersByTime(2)
  expect(expire).toHaveBeenCalledTimes(1)
})

test('a call that was removed never expires, and leaves no timer behind for long', () => {
  const expire = vi.fn()
  const deadlines = new CallDeadlines(100)
  const removed = call(expire)
  deadlines.add(removed)
  deadlines.remove(removed)
  vi.advanceTimersByTime(1_000)
  expect(expire).not.toHaveBeenCalled()
  expect(vi.getTimerCount()).toBe(0)
})

test('an expiring call may start the next one', () => {
  const second = vi.fn()
  const deadlines = new CallDeadlines(100)
  deadlines.add(call(() => deadlines.add(call(second))))
  vi.advanceTimersByTime(101)
  expect(second).not.toHaveBeenCalled()
  vi.advanceTimersByTime(101)
  expect(second).toHaveBeenCalledTimes(1)
})

test('calls that come and go at any time expire in order, each within a few milliseconds, with one timer', () => {
  const steps = fc.array(fc.record({ wait: fc.nat(60), removes: fc.option(fc.nat(5)) }), {
    minLength: 1,
    maxLength: 30,
  })
  fc.assert(
    fc.property(steps, (list) => {
      const deadlines = new CallDeadlines(100)
      const expired: number[] = []
      const open = new Map<TimedCall, number>()
      const kept: number[] = []
      for (const [number, { wait, removes }] of list.entries()) {
        const each = call(() => {
          open.delete(each)
          const late = performance.now() - each.startedAt - 100
          expect(late).toBeGreaterThanOrEqual(0)
          expect(late).toBeLessThan(3)
          expired.push(number)
        })
        deadlines.add(each)
        open.set(each, number)
        kept.push(number)
        const removed = removes === null ? undefined : [...open.keys()][removes]
        if (removed !== undefined) {
          deadlines.remove(removed)
          kept.splice(kept.indexOf(open.get(removed) as number), 1)
          open.delete(removed)
        }
        expect(vi.getTimerCount()).toBe(1)
        vi.advanceTimersByTime(wait)
      }
      vi.advanceTimersByTime(1_000)
      expect(expired).toEqual(kept)
      expect(vi.getTimerCount()).toBe(0)
    }),
  )
})
