import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createTurns } from '../../../src/registry/redis/turns.ts'

/** Something to wait for, and the way to end it. */
function gate(): { readonly promise: Promise<number>; open(): void } {
  let open = () => {}
  const promise = new Promise<number>((resolve) => {
    open = () => resolve(7)
  })
  return { promise, open }
}

test('what waits in a lane has its turn in the order of the calls, however soon it is ready', async () => {
  const turns = createTurns()
  const [first, second] = [gate(), gate()]
  const order: string[] = []
  const outcomes = [
    turns.take('chat', 0, first.promise, (found) => order.push(`first ${found}`)),
    turns.take('chat', 0, null, () => order.push('between')),
    turns.take('chat', 0, second.promise, () => order.push('second')),
    turns.take('chat', 0, null, () => order.push('last')),
  ]
  second.open()
  await nextTurn()
  expect(order).toEqual([])
  expect(turns.isFree('chat')).toBe(false)
  first.open()
  await Promise.all(outcomes)
  expect(order).toEqual(['first 7', 'between', 'second', 'last'])
  expect([turns.isFree('chat'), turns.isFree(''), turns.waiting]).toEqual([true, true, 0])
})

test('the outcome of one does not hold up the next', async () => {
  const turns = createTurns()
  const slow = gate()
  const first = turns.take('chat', 0, null, () => slow.promise)
  expect(await turns.take('chat', 0, null, () => 'second')).toBe('second')
  slow.open()
  expect(await first).toBe(7)
})

test('lanes do not wait for each other, but what names no API waits for all', async () => {
  const turns = createTurns()
  const [chat, orders] = [gate(), gate()]
  const order: string[] = []
  const waiting = [
    turns.take('chat', 0, chat.promise, () => order.push('chat')),
    turns.take('orders', 0, orders.promise, () => order.push('orders')),
  ]
  expect([turns.isFree('chat'), turns.isFree('orders'), turns.isFree('games'), turns.isFree('')]).toEqual([
    ...[false, false, true, false],
  ])
  waiting.push(turns.take('', 0, null, () => order.push('any')))
  orders.open()
  await waiting[1]
  expect(order).toEqual(['orders'])
  chat.open()
  await Promise.all(waiting)
  expect(order).toEqual(['orders', 'chat', 'any'])
})

test('no more may wait than fits', async () => {
  const turns = createTurns()
  const { promise, open } = gate()
  const large = Array.from({ length: 10 }, () => turns.take('chat', 16 * 1024 * 1024, promise, () => true))
  expect(large.filter((each) => each === null)).toHaveLength(6)
  const many = Array.from({ length: 30_000 }, () => turns.take('chat', 0, promise, () => true))
  expect(many.filter((each) => each === null)).toHaveLength(30_000 - 20_000 + 4)
  open()
  await Promise.all([...large, ...many])
  expect(turns.waiting).toBe(0)
})
