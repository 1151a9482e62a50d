import { TemplateRenderError } from './errors.ts'
import { HostObject } from './host-object.ts'
import type { Run } from './run.ts'
import { JavaCollection, JavaIterator, JavaMap, JavaMapView, type Value } from './value.ts'

/**
 * Takes the next element; as in Java, throws when the list changed since the walk began
 * (java.util.ConcurrentModificationException).
 */
export function nextItem(iterator: JavaIterator): Value {
  if (iterator.source.changes !== iterator.changes) {
    throw new TemplateRenderError('list or map was changed while a loop walked over it')
  }
  return iterator.items[iterator.at++] ?? null
}

/** Begins a walk over a collection. A walk over a map copies its entries, which takes steps. */
export function iteratorOf(collection: JavaCollection, run: Run): JavaIterator {
  if (collection instanceof JavaMapView) run.step(collection.size)
  return new JavaIterator(collection)
}

/** Begins the walk of a `#foreach`; null for what cannot be walked. */
export function iterate(value: Value, run: Run): JavaIterator | null {
  if (value instanceof JavaIterator) return value
  if (value instanceof JavaCollection) return iteratorOf(value, run)
  const map = value instanceof HostObject ? value.asMap(run) : value
  return map instanceof JavaMap ? iteratorOf(new JavaMapView(map, 'values'), run) : null
}
