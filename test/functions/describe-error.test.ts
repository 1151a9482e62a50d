import { expect, test } from 'vitest'
import { describeError, detailError } from '../../src/functions/describe-error.mjs'
import { readableFields } from '../../src/observability/log-fields.ts'

const size = (value: unknown) => JSON.stringify(value).length

test('a detail has own members in the shape that they have, so that the log can mask secrets', () => {
  const error = Object.assign(new Error('refused'), {
    code: 'E_NO',
    config: { headers: { Authorization: 'Bearer abcdefghijkl', accept: '*/*' }, tries: 3, big: 12n },
    password: 'hunter2',
    since: new Date(0),
    body: Buffer.alloc(10),
    retry() {},
  })
  const detail = detailError(error)
  expect(detail).toMatchObject({
    errorType: 'Error',
    errorMessage: 'refused',
    code: 'E_NO',
    config: { tries: 3, big: '12' },
    since: '1970-01-01T00:00:00.000Z',
    body: '[10 bytes]',
    retry: '[function]',
  })
  const logged = JSON.stringify(readableFields({ error: detail }))
  expect(logged).not.toMatch(/hunter2|abcdefghijkl/)
  expect(logged).toContain('"accept":"*/*"')
})

test('what refers to itself is told once', () => {
  const error: Error & { self?: unknown; list?: unknown[] } = new Error('round')
  error.cause = error
  error.self = error
  error.list = [error]
  expect(detailError(error)).toMatchObject({
    cause: '[told already]',
    self: '[told already]',
    list: ['[told already]'],
  })
})

test('a chain of causes is followed a few steps, and no further', () => {
  let error = new Error('0')
  for (let i = 1; i < 1_000; i++) error = new Error(String(i), { cause: error })
  const text = JSON.stringify(detailError(error))
  expect(text.match(/errorMessage/g)).toHaveLength(5)
  expect(text).toContain('"cause":"[…]"')
})

test('a detail is bounded, whatever the error has', () => {
  const wide = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`member${i}`, 'x'.repeat(5_000)]))
  let deep: object = {}
  for (let i = 0; i < 500; i++) deep = { deep }
  const errors = Array.from({ length: 50 }, () => Object.assign(new Error('y'.repeat(9_000)), wide))
  const error = Object.assign(new AggregateError(errors, 'z'.repeat(100_000)), { wide, deep, list: errors })
  expect(size(detailError(error))).toBeLessThan(32_768)
})

test('getters, proxies and errors of other realms do no harm', () => {
  const no = () => {
    throw new Error('no')
  }
  const trap = Object.defineProperty(new Error('trap'), 'worse', { enumerable: true, get: no })
  const proxy = new Proxy({}, { ownKeys: no, get: no })
  expect(() => detailError(Object.assign(new Error('x'), { proxy }))).not.toThrow()
  expect(detailError(trap)).toMatchObject({ errorMessage: 'trap', worse: '[unreadable]' })
  expect(detailError(Object.defineProperty(trap, 'cause', { get: () => proxy }))).toBeTypeOf('object')
  for (const each of [undefined, null, 7, 'text', Symbol('s'), { a: 1 }, proxy]) {
    expect(detailError(each)).toEqual(describeError(each))
  }
})
