import { expect, test } from 'vitest'
import { LinkedList, type ListItem, unlink } from '../../src/vocabulary/linked-list.ts'

interface Named extends ListItem {
  readonly name: string
}

const named = (name: string): Named => ({ name, earlier: null, later: null })
const namesIn = (list: LinkedList<Named>) => list.all().map(({ name }) => name)

test('items stand in the order in which they came, and leave from anywhere', () => {
  const list = new LinkedList<Named>()
  expect(list.first).toBeNull()
  const [a, b, c] = [named('a'), named('b'), named('c')]
  for (const item of [a, b, c]) list.add(item)
  expect(namesIn(list)).toEqual(['a', 'b', 'c'])
  unlink(b)
  expect(namesIn(list)).toEqual(['a', 'c'])
  expect(list.first).toBe(a)
  unlink(a)
  unlink(c)
  expect(namesIn(list)).toEqual([])
  expect(list.first).toBeNull()
})

test('an item that has left holds on to nobody, may leave again, and may come back', () => {
  const list = new LinkedList<Named>()
  const [a, b] = [named('a'), named('b')]
  list.add(a)
  list.add(b)
  unlink(a)
  unlink(a)
  expect(a).toEqual({ name: 'a', earlier: null, later: null })
  list.add(a)
  expect(namesIn(list)).toEqual(['b', 'a'])
})
