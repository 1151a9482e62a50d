import { javaEquals } from '../velocity/equality.ts'
import { TemplateRenderError } from '../velocity/errors.ts'
import { iteratorOf } from '../velocity/iteration.ts'
import {
  aCollection,
  anInt,
  anyObject,
  type MethodTable,
  method,
  methodTable,
  type Overload,
} from '../velocity/method.ts'
import type { Run } from '../velocity/run.ts'
import { type JavaCollection, JavaList, type JavaMapView, type Value } from '../velocity/value.ts'
import { objectLines } from './object.ts'

const readLines: readonly (readonly [string, Overload])[] = [
  ...objectLines,
  method('size', [], (self: JavaCollection) => self.size),
  method('isEmpty', [], (self: JavaCollection) => self.size === 0),
  method('contains', [anyObject], (self: JavaCollection, [item]: readonly [Value], run) => find(self, item, run) >= 0),
  method('containsAll', [aCollection], (self: JavaCollection, [items]: readonly [JavaCollection | null], run) =>
    given(items).every((item) => find(self, item, run) >= 0),
  ),
  method('iterator', [], (self: JavaCollection, _, run) => iteratorOf(self, run)),
  method('toArray', [], (self: JavaCollection, _, run) => copy(self.items(), run, 'array')),
]

/** The methods of keySet(), values() and entrySet(): to read, and to remove from. */
export const viewMethods: MethodTable = methodTable(
  ...readLines,
  method('remove', [anyObject], (self: JavaMapView, [item]: readonly [Value], run) => {
    const entry = [...self.map.entries.values()][find(self, item, run)]
    if (entry === undefined) return false
    self.map.remove(entry.key)
    return true
  }),
  method('clear', [], (self: JavaMapView) => {
    self.map.clear()
    return ''
  }),
)

export const listMethods: MethodTable = methodTable(
  ...readLines,
  method(
    'get',
    [anInt],
    (self: JavaList, [index]: readonly [number]) => self.values[bounded(index, self.size)] ?? null,
  ),
  method('set', [anInt, anyObject], (self: JavaList, [index, value]: readonly [number, Value]) => {
    const before = self.values[bounded(index, self.size)] ?? null
    self.values[index] = value
    return before
  }),
  method('add', [anyObject], (self: JavaList, [value]: readonly [Value]) => {
    changed(self).push(value)
    return true
  }),
  method('add', [anInt, anyObject], (self: JavaList, [index, value]: readonly [number, Value], run) => {
    run.step(self.size - bounded(index, self.size + 1))
    changed(self).splice(index, 0, value)
    return ''
  }),
  method('addAll', [aCollection], (self: JavaList, [items]: readonly [JavaCollection | null], run) =>
    insert(self, self.size, given(items), run),
  ),
  method('addAll', [anInt, aCollection], (self: JavaList, args: readonly [number, JavaCollection | null], run) =>
    insert(self, bounded(args[0], self.size + 1), given(args[1]), run),
  ),
  method('remove', [anInt], (self: JavaList, [index]: readonly [number], run) => {
    run.step(self.size - bounded(index, self.size))
    return changed(self).splice(index, 1)[0] ?? null
  }),
  method('remove', [anyObject], (self: JavaList, [item]: readonly [Value], run) => {
    const index = find(self, item, run)
    run.step(self.size >> 6)
    if (index >= 0) changed(self).splice(index, 1)
    return index >= 0
  }),
  method('removeAll', [aCollection], (self: JavaList, [items]: readonly [JavaCollection], run) =>
    keep(self, (item) => find(items, item, run) < 0),
  ),
  method('retainAll', [aCollection], (self: JavaList, [items]: readonly [JavaCollection], run) =>
    keep(self, (item) => find(items, item, run) >= 0),
  ),
  method('clear', [], (self: JavaList) => {
    changed(self).length = 0
    return ''
  }),
  method('indexOf', [anyObject], (self: JavaList, [item]: readonly [Value], run) => find(self, item, run)),
  method('lastIndexOf', [anyObject], (self: JavaList, [item]: readonly [Value], run) =>
    self.values.findLastIndex((other) => same(item, other, run)),
  ),
  method('subList', [anInt, anInt], (self: JavaList, [from, to]: readonly [number, number], run) => {
    if (from < 0 || to > self.size || from > to) throw new TemplateRenderError(`no elements from ${from} to ${to}`)
    return copy(self.values.slice(from, to), run, 'list')
  }),
)

/** Counts a change of a list, so that loops over it notice; arrays have a fixed length and refuse. */
function changed(list: JavaList): Value[] {
  if (list.kind === 'array') throw new TemplateRenderError('an array cannot change its length')
  list.changes++
  return list.values
}

function copy(items: readonly Value[], run: Run, kind: 'list' | 'array'): JavaList {
  run.step(items.length)
  return new JavaList([...items], kind)
}

function insert(list: JavaList, index: number, items: readonly Value[], run: Run): boolean {
  run.step(items.length + list.size - index)
  const tail = changed(list).splice(index)
  for (const item of [...items, ...tail]) list.values.push(item)
  return items.length > 0
}

function keep(list: JavaList, wanted: (item: Value) => boolean): boolean {
  const kept = list.values.filter(wanted)
  if (kept.length === list.size) return false
  const values = changed(list)
  values.length = 0
  for (const item of kept) values.push(item)
  return true
}

function find(list: JavaCollection, item: Value, run: Run): number {
  run.step(list.size >> 4)
  return given(list).findIndex((other) => same(item, other, run))
}

function same(item: Value, other: Value, run: Run): boolean {
  run.step()
  return javaEquals(item, other, run)
}

function given(items: JavaCollection | null): readonly Value[] {
  if (items === null) throw new TemplateRenderError('null is no collection')
  return items.items()
}

function bounded(index: number, size: number): number {
  if (index < 0 || index >= size) throw new TemplateRenderError(`index ${index} is out of bounds for length ${size}`)
  return index
}
