import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createDeadlines, type DeadlineItem, type Deadlines } from '../../src/limits/deadlines.ts'

interface Item extends DeadlineItem {
  name: string
  next: number | null
}
const item = (name: string, next: number | null = null): Item => ({ name, next, earlier: null, later: null })

describe('deadlines', () => {
  let seen: string[]
  let deadlines: Deadlines<Item>
  let onDue: (item: Item) => void
  beforeEach(() => {
    vi.useFakeTimers({ now: 1_000_000 })
    seen = []
    onDue = () => {}
    deadlines = createDeadlines<Item>({
      now: Date.now,
      due(due, now) {
        seen.push(`${due.name}@${now - 1_000_000}`)
        onDue(due)
        return due.next
      },
    })
  })
  afterEach(() => {
    deadlines.close()
    vi.useRealTimers()
  })

  test('looks at an item within one tick after its time, and once', () => {
    deadlines.add(item('a'), 1_002_500)
    vi.advanceTimersByTime(2_000)
    expect(seen).toEqual([])
    vi.advanceTimersByTime(60_000)
    expect(seen).toEqual(['a@3000'])
  })

  test('moves an item on to the time it names', () => {
    const moving = item('a', 1_005_000)
    deadlines.add(moving, 1_001_000)
    vi.advanceTimersByTime(1_000)
    moving.next = null
    vi.advanceTimersByTime(10_000)
    expect(seen).toEqual(['a@1000', 'a@5000'])
  })

  test('a time beyond the wheel is looked at on the way and again', () => {
    const far = item('far', 1_000_000 + 3_000_000)
    deadlines.add(far, 1_000_000 + 3_000_000)
    vi.advanceTimersByTime(2_990_000)
    far.next = null
    const before = seen.length
    vi.advanceTimersByTime(20_000)
    expect(seen.length).toBe(before + 1)
    expect(seen.at(-1)).toBe('far@3000000')
  })

  test('a removed item is never looked at, also when its neighbour removes it while both are due', () => {
    const a = item('a')
    const b = item('b')
    const c = item('c')
    for (const each of [a, b, c]) deadlines.add(each, 1_001_000)
    onDue = (due) => {
      if (due === a) deadlines.remove(b)
    }
    deadlines.remove(item('never added'))
    vi.advanceTimersByTime(5_000)
    expect(seen).toEqual(['a@1000', 'c@1000'])
  })

  test('a loop that stood still for hours looks at every item once', () => {
    for (let i = 0; i < 50; i++) deadlines.add(item(String(i)), 1_000_000 + i * 20_000)
    vi.setSystemTime(1_000_000 + 10_000_000)
    vi.advanceTimersByTime(1_000)
    expect(seen.length).toBe(50)
  })
})
