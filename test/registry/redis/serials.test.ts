import { describe, expect, test } from 'vitest'
import { createSerials } from '../../../src/registry/redis/serials.ts'

describe('the envelopes of a sender', () => {
  test('are taken in their order, each once', () => {
    const serials = createSerials({ clock: () => 0 })
    expect([1, 2, 2, 1, 5, 4, 6].map((serial) => serials.isNew(7, serial))).toEqual([
      ...[true, true, false, false, true, false, true],
    ])
    expect(serials.isNew(8, 1)).toBe(true)
  })

  test('are taken again after a while, whatever somebody else has counted in its name', () => {
    let time = 0
    const serials = createSerials({ clock: () => time })
    expect(serials.isNew(7, Number.MAX_SAFE_INTEGER)).toBe(true)
    time = 149_999
    expect(serials.isNew(7, 1)).toBe(false)
    time = 150_000
    expect(serials.isNew(7, 2)).toBe(true)
    expect(serials.isNew(7, 2)).toBe(false)
  })

  test('are remembered for some thousands of senders at most', () => {
    const serials = createSerials({ clock: () => 0 })
    for (let from = 0; from < 20_000; from++) serials.isNew(from, 5)
    expect(serials.isNew(19_999, 5)).toBe(false)
    expect(serials.isNew(0, 5)).toBe(true)
  })
})
