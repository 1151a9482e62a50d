import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { LineStream } from '../../src/groups/line-stream.ts'
import type { AnswerBody } from '../../src/transport/contract.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A caller who takes `takes` pieces of the results, and then none. */
function createCaller(takes: number) {
  const caller = { takes, written: '', ended: '', flowing: true, drained: () => {} }
  const body: AnswerBody = {
    write(text) {
      caller.written += text
      return caller.takes-- > 1
    },
    onDrained(listener) {
      caller.drained = listener
    },
    end() {
      caller.ended = 'end'
    },
    drop() {
      caller.ended = 'drop'
    },
  }
  const run: string[] = []
  const stream = new LineStream((line) => {
    run.push(line)
    return `<${line}>`
  })
  stream.hold({
    pause() {
      caller.flowing = false
    },
    resume() {
      caller.flowing = true
    },
  })
  stream.open(body)
  return { caller, run, stream }
}

test('whoever leaves the results untaken for 30 seconds is cut off, and nothing more is read or done for him', () => {
  const { caller, run, stream } = createCaller(1)
  stream.take(Buffer.from('a\n'), false)
  stream.take(Buffer.from('b\n'), false)
  expect([run, caller.written, caller.flowing]).toEqual([['a'], '<a>\n', false])
  vi.advanceTimersByTime(29_999)
  expect(caller.ended).toBe('')
  vi.advanceTimersByTime(1)
  expect([caller.ended, run]).toEqual(['drop', ['a']])
})

test('whoever takes them in time gets all of them, to the end', () => {
  const { caller, run, stream } = createCaller(1)
  for (const letter of 'abc') {
    stream.take(Buffer.from(`${letter}\n`), letter === 'c')
    vi.advanceTimersByTime(20_000)
    caller.takes = 1
    caller.drained()
  }
  expect([run, caller.written, caller.ended]).toEqual([['a', 'b', 'c'], '<a>\n<b>\n<c>\n', 'end'])
  vi.advanceTimersByTime(60_000)
  expect(caller.ended).toBe('end')
})

test('a caller who has gone has no further line done', () => {
  const { caller, run, stream } = createCaller(1)
  stream.take(Buffer.from('a\n'), false)
  stream.take(Buffer.from('b\n'), false)
  stream.abort()
  caller.drained()
  stream.take(Buffer.from('c\n'), true)
  vi.advanceTimersByTime(60_000)
  expect([run, caller.ended]).toEqual([['a'], ''])
})
