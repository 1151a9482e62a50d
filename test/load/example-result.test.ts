import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { readResult } from '../../load/src/report/read-result.ts'

test('a result that an earlier build wrote is still read, and adds up', () => {
  const text = readFileSync(new URL('example-result.json', import.meta.url), 'utf8')
  const { totals, delivery, latencies, seconds } = readResult(text, 'example-result.json')
  expect(delivery.pushes?.received).toBe(totals.pushes.received)
  expect(latencies.push?.count).toBe(totals.pushes.received)
  expect(seconds.reduce((sum, { messages }) => sum + messages.out, 0)).toBe(totals.messages.out)
})
