import { javaEquals } from '../velocity/equality.ts'
import { TemplateRenderError } from '../velocity/errors.ts'
import { nextItem } from '../velocity/iteration.ts'
import { aMap, anyObject, type MethodTable, method, methodTable } from '../velocity/method.ts'
import { type JavaEntry, type JavaIterator, type JavaMap, JavaMapView, type Value } from '../velocity/value.ts'
import { objectLines } from './object.ts'

type One = readonly [Value]
type Two = readonly [Value, Value]

export const mapMethods: MethodTable = methodTable(
  ...objectLines,
  method('size', [], (self: JavaMap) => self.entries.size),
  method('isEmpty', [], (self: JavaMap) => self.entries.size === 0),
  method('get', [anyObject], (self: JavaMap, [key]: One) => self.get(key)),
  method('getOrDefault', [anyObject, anyObject], (self: JavaMap, [key, fallback]: Two) =>
    self.has(key) ? self.get(key) : fallback,
  ),
  method('containsKey', [anyObject], (self: JavaMap, [key]: One) => self.has(key)),
  method('containsValue', [anyObject], (self: JavaMap, [value]: One, run) => {
    run.step(self.entries.size)
    return [...self.entries.values()].some((entry) => javaEquals(value, entry.value, run))
  }),
  method('put', [anyObject, anyObject], (self: JavaMap, [key, value]: Two) => self.put(key, value)),
  method('putIfAbsent', [anyObject, anyObject], (self: JavaMap, [key, value]: Two) => {
    const before = self.get(key)
    return before === null ? self.put(key, value) : before
  }),
  method('putAll', [aMap], (self: JavaMap, [other]: readonly [JavaMap | null], run) => {
    if (other === null) throw new TemplateRenderError('null is no map')
    run.step(other.entries.size)
    for (const { key, value } of [...other.entries.values()]) self.put(key, value)
    return ''
  }),
  method('remove', [anyObject], (self: JavaMap, [key]: One) => self.remove(key)),
  method('replace', [anyObject, anyObject], (self: JavaMap, [key, value]: Two) =>
    self.has(key) ? self.put(key, value) : null,
  ),
  method('clear', [], (self: JavaMap) => {
    self.clear()
    return ''
  }),
  method('keySet', [], (self: JavaMap) => new JavaMapView(self, 'keys')),
  method('values', [], (self: JavaMap) => new JavaMapView(self, 'values')),
  method('entrySet', [], (self: JavaMap) => new JavaMapView(self, 'entries')),
)

export const entryMethods: MethodTable = methodTable(
  ...objectLines,
  method('getKey', [], (self: JavaEntry) => self.key),
  method('getValue', [], (self: JavaEntry) => self.value),
  method('setValue', [anyObject], (self: JavaEntry, [value]: One) => {
    const before = self.value
    self.value = value
    return before
  }),
)

export const iteratorMethods: MethodTable = methodTable(
  ...objectLines,
  method('hasNext', [], (self: JavaIterator) => self.at < self.items.length),
  method('next', [], (self: JavaIterator) => {
    if (self.at >= self.items.length) throw new TemplateRenderError('the iterator has no more elements')
    return nextItem(self)
  }),
)
