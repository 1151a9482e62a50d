import fc from 'fast-check'
import { expect, test } from 'vitest'
import { noCounts } from '../../../load/src/worker/delivery.ts'
import { Group } from '../../../load/src/worker/group.ts'
import { PushLedger } from '../../../load/src/worker/push-ledger.ts'

/** How the frames of a stream reach one receiver: each some times, in some order. */
const arrivals = fc.array(fc.constantFrom(0, 1, 1, 1, 2, 3), { maxLength: 40 }).chain((copies) => {
  const all = copies.flatMap((count, number) => Array<number>(count).fill(number))
  return fc.record({ copies: fc.constant(copies), order: fc.shuffledSubarray(all, { minLength: all.length }) })
})

/** By the book: a frame is late when a later one of the same sender came before its first copy. */
function truthOf(copies: readonly number[], order: readonly number[], senderOf: (number: number) => number) {
  const seen = new Set<number>()
  let [duplicated, outOfOrder] = [0, 0]
  for (const number of order) {
    if (seen.has(number)) duplicated++
    else if ([...seen].some((other) => other > number && senderOf(other) === senderOf(number))) outOfOrder++
    seen.add(number)
  }
  const received = copies.filter((count) => count > 0).length
  return { expected: copies.length, received, lost: copies.length - received, duplicated, outOfOrder }
}

test('the account of pushes is that of the book, whatever is lost, double or late', () => {
  fc.assert(
    fc.property(arrivals, ({ copies, order }) => {
      const counts = noCounts()
      const ledger = new PushLedger(counts)
      for (const _ of copies) {
        ledger.post()
        ledger.answered(true)
      }
      for (const number of order) ledger.receive(number)
      ledger.settle(false)
      ledger.settle(true)
      expect(counts).toMatchObject({ ...truthOf(copies, order, () => 0), cutOff: 0, unannounced: 0 })
    }),
  )
})

test('the account of fan-out is that of the book, with an order for each sender and none between them', () => {
  fc.assert(
    fc.property(arrivals, fc.infiniteStream(fc.nat(3)), ({ copies, order }, senders) => {
      const counts = noCounts()
      const group = new Group(0, counts)
      const members = [1, 2, 3, 4].map((client) => group.join(client))
      const receiver = group.join(9)
      for (const member of members) member.leave()
      const chosen = copies.map(() => senders.next().value as number)
      for (const sender of chosen) group.send(members[sender] as (typeof members)[number], true)
      for (const number of order) receiver.receive(number, false)
      receiver.settle(false)
      for (const member of members) member.settle(false)
      expect(counts).toMatchObject({ ...truthOf(copies, order, (number) => chosen[number] as number), cutOff: 0 })
    }),
  )
})

test('who joins later or leaves earlier is owed only what was sent meanwhile', () => {
  const counts = noCounts()
  const group = new Group(0, counts)
  const first = group.join(1)
  expect(group.send(first, true)).toEqual({ number: 0, expected: 1 })
  const second = group.join(2)
  expect(group.send(first, true)).toEqual({ number: 1, expected: 2 })
  second.leave()
  expect(group.send(first, true)).toEqual({ number: 2, expected: 1 })
  // Of before and after: it may come, and counts for nothing.
  expect([0, 1, 2].map((number) => second.receive(number, false))).toEqual([false, true, false])
  expect([0, 1, 2].map((number) => first.receive(number, false))).toEqual([true, true, true])
  expect([first.missing, second.missing]).toEqual([0, 0])
  expect(counts).toMatchObject({ expected: 4, received: 4 })
})

test('senders that do not get their own messages are not owed them', () => {
  const counts = noCounts()
  const group = new Group(0, counts)
  const [a, b] = [group.join(1), group.join(2)]
  expect(group.send(a, false).expected).toBe(1)
  expect(group.send(b, false).expected).toBe(1)
  expect(group.send(a, false).expected).toBe(1)
  expect(b.receive(0, true)).toBe(true)
  expect(b.receive(2, true)).toBe(true)
  expect(a.receive(1, true)).toBe(true)
  expect([a.missing, b.missing]).toEqual([0, 0])
  expect(counts).toMatchObject({ expected: 3, received: 3, outOfOrder: 0, duplicated: 0 })
})

test('what is missing when a connection ends by itself is cut off, not lost', () => {
  const counts = noCounts()
  const ledger = new PushLedger(counts)
  ledger.post()
  ledger.answered(true)
  ledger.settle(true)
  expect(counts).toMatchObject({ expected: 1, received: 0, lost: 0, cutOff: 1 })
})

test.each([
  ['before', true],
  ['after', false],
])('a frame that comes %s the refusal of its POST is unannounced', (_, isBefore) => {
  const counts = noCounts()
  const ledger = new PushLedger(counts)
  const number = ledger.post()
  if (isBefore) ledger.receive(number)
  ledger.answered(false)
  if (!isBefore) ledger.receive(number)
  ledger.settle(false)
  expect(counts).toMatchObject({ expected: 0, received: 0, lost: 0, unannounced: 1 })
})

test('a frame that comes before the answer to its POST counts once', () => {
  const counts = noCounts()
  const ledger = new PushLedger(counts)
  const number = ledger.post()
  expect(ledger.missing).toBe(1)
  expect(ledger.receive(number)).toBe(true)
  expect(ledger.receive(number)).toBe(false)
  ledger.answered(true)
  expect(ledger.missing).toBe(0)
  expect(counts).toMatchObject({ expected: 1, received: 1, duplicated: 1 })
})

test('what is posted to a group is for everyone who is in it then, in order, and nobody is its sender', () => {
  const counts = noCounts()
  const group = new Group(0, counts)
  const [a, b] = [group.join(1), group.join(2)]
  expect([group.post(), group.post(), group.send(a, false), group.post()]).toEqual([
    { number: 0, expected: 2 },
    { number: 1, expected: 2 },
    { number: 2, expected: 1 },
    { number: 3, expected: 2 },
  ])
  expect([0, 1, 3, 3].map((number) => a.receive(number, true))).toEqual([true, true, true, false])
  expect([1, 0, 2].map((number) => b.receive(number, true))).toEqual([true, true, true])
  for (const each of [a, b]) each.settle(false)
  expect(counts).toMatchObject({ expected: 7, received: 6, outOfOrder: 1, duplicated: 1, lost: 1 })
})
