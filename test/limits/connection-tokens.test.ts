import { expect, test } from 'vitest'
import { ConnectionTokens, compileConnectionLimits } from '../../src/limits/connection-tokens.ts'
import type { ConnectionLimits } from '../../src/limits/contract.ts'

const compile = (limits: ConnectionLimits) => compileConnectionLimits(limits) ?? expect.fail('limits nothing')

test('without limits there is nothing to compare', () => {
  expect(compileConnectionLimits({ messages: null, bytes: null })).toBeNull()
})

test('messages are limited in number and in bytes, and one that is refused takes nothing', () => {
  const limits = compile({
    messages: { rateLimit: 1, burstLimit: 3 },
    bytes: { rateLimit: 100, burstLimit: 1_000 },
  })
  const tokens = new ConnectionTokens()
  expect(tokens.take(limits, 600, 5_000)).toBeNull()
  expect(tokens.take(limits, 401, 5_000)).toBe('connectionBytes')
  expect(tokens.take(limits, 400, 5_000)).toBeNull()
  expect(tokens.take(limits, 0, 5_000)).toBeNull()
  expect(tokens.take(limits, 0, 5_000)).toBe('connectionMessages')
  expect(tokens.take(limits, 101, 6_000)).toBe('connectionBytes')
  expect(tokens.take(limits, 100, 6_000)).toBeNull()
  expect(tokens.take(limits, 1_001, 60_000_000)).toBe('connectionBytes')
})

test('one limit alone leaves the other open, and a clock that steps back gives nothing', () => {
  const messages = compile({ messages: { rateLimit: 1, burstLimit: 1 }, bytes: null })
  const tokens = new ConnectionTokens()
  expect(tokens.take(messages, 1e9, 5_000)).toBeNull()
  expect(tokens.take(messages, 1, 5_999)).toBe('connectionMessages')
  expect(tokens.take(messages, 1, 1_000)).toBe('connectionMessages')
  expect(tokens.take(messages, 1, 2_000)).toBeNull()
  const bytes = compile({ messages: null, bytes: { rateLimit: 1, burstLimit: 10 } })
  expect(tokens.take(bytes, 11, 2_001)).toBe('connectionBytes')
  expect(tokens.take(bytes, 10, 2_001)).toBeNull()
})
