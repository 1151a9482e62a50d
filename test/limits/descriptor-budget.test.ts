import { expect, test } from 'vitest'
import { createDescriptorBudget } from '../../src/limits/descriptor-budget.ts'
import { recordLog } from '../helpers/record-log.ts'

/** A budget of 256: 192 for connections, 224 for TCP connections. */
function budget() {
  const state = { open: 20, time: 1_000, looks: 0 }
  const log = recordLog()
  const refused = { value: 0 }
  const open = () => {
    state.looks++
    return state.open
  }
  return { state, log, refused, ...createDescriptorBudget({ limit: 256, open, now: () => state.time, refused, log }) }
}

test('connections get what is not kept back, TCP connections half of that too', () => {
  const { state, takesConnection, takesSocket } = budget()
  for (const [open, connection, socket] of [
    [191, true, true],
    [192, false, true],
    [222, false, true],
    [223, false, true],
    [224, false, false],
    [191, true, true],
  ] as const) {
    state.open = open
    state.time += 100
    expect([takesConnection(), takesConnection(), open === 223 || takesSocket()]).toEqual([
      connection,
      connection,
      socket,
    ])
  }
})

test('those that came since the last look count', () => {
  const { state, takesSocket, refused } = budget()
  state.open = 200
  expect(takesSocket()).toBe(true)
  let more = 0
  while (takesSocket()) more++
  expect(more).toBe(23)
  expect(refused.value).toBe(1)
  expect(state.looks).toBe(1)
})

test('a look is good for a tenth of a second, and for a hundredth when it would refuse', () => {
  const { state, takesConnection } = budget()
  takesConnection()
  state.time += 99
  takesConnection()
  expect(state.looks).toBe(1)
  state.open = 250
  state.time += 1
  expect(takesConnection()).toBe(false)
  state.open = 30
  state.time += 9
  expect(takesConnection()).toBe(false)
  expect(state.looks).toBe(2)
  state.time += 1
  expect(takesConnection()).toBe(true)
})

test('the log says once a minute that descriptors run out, with the numbers', () => {
  const { state, log, takesConnection } = budget()
  state.open = 250
  for (let i = 0; i < 70; i++) {
    takesConnection()
    state.time += 1_000
  }
  expect(log.entries).toMatchObject([
    { level: 'warn', fields: { limit: 256, keptBack: 64, open: 250 } },
    { level: 'warn', message: expect.stringContaining('ulimit -n') },
  ])
})
