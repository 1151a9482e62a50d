import { expect, test } from 'vitest'
import { createValidationTime } from '../../src/gateway/validation-time.ts'

const clientOf = (sourceIp: string) => ({ sourceIp })

test('a connection that takes long to judge waits for its time to come back; others go on', () => {
  let now = 0
  const time = createValidationTime(() => now)
  const [client, neighbour] = [clientOf('203.0.113.9'), clientOf('203.0.113.9')]
  time.took(client, 0)
  for (let i = 0; i < 2; i++) {
    expect(time.has(client)).toBe(true)
    time.took(client, 100)
  }
  expect([time.has(client), time.has(neighbour)]).toEqual([false, true])
  now = 2_000
  expect(time.has(client)).toBe(false)
  now = 2_600
  expect(time.has(client)).toBe(true)
})

test('new connections of one network share its time, and all share that of the process', () => {
  const time = createValidationTime(() => 0)
  for (let i = 0; i < 7; i++) time.took(clientOf('2001:db8::1'), 100)
  expect(time.has(clientOf('2001:db8::2'))).toBe(false)
  expect(time.has(clientOf('203.0.113.9'))).toBe(true)
  for (let i = 0; i < 9; i++) time.took(clientOf(`203.0.113.${i}`), 100)
  expect(time.has(clientOf('198.51.100.1'))).toBe(false)
})
