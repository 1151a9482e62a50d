import { doubleText } from '../../vocabulary/java-number.ts'
import { DefinedBlock, ForeachScope } from './block.ts'
import { TemplateRenderError } from './errors.ts'
import { HostObject } from './host-object.ts'
import type { Run } from './run.ts'
import {
  JavaChar,
  JavaCollection,
  JavaDouble,
  JavaEntry,
  JavaIterator,
  JavaList,
  JavaLong,
  JavaMap,
  JavaMissing,
  type Value,
} from './value.ts'

/**
 * The text that a reference to the value prints: Java's toString, but JSON for a list of the message (observed on AWS).
 * Null only for a `#define` that is inside itself too often.
 */
export function valueText(value: Exclude<Value, null>, run: Run): string | null {
  if (typeof value === 'string') return value
  if (value instanceof DefinedBlock) return value.text(run)
  return objectText(value, run, 0)
}

/**
 * The text of a value as `valueText` gives it, with the word "null" where there is nothing, as inside of lists and maps.
 */
export function printed(value: Value, run: Run): string {
  return value === null ? 'null' : (valueText(value, run) ?? 'null')
}

function objectText(value: Value, run: Run, depth: number): string {
  if (typeof value === 'string') return value
  if (value instanceof JavaList && value.kind === 'json') return jsonText(value, run, depth)
  if (value instanceof JavaCollection) return collectionText(value, run, depth)
  if (value instanceof JavaMap) return mapText(value, run, depth)
  if (value instanceof JavaEntry) return entryText(value, value, run, depth)
  return scalarText(value, run)
}

function scalarText(value: Value, run: Run): string {
  if (value instanceof JavaLong || value instanceof JavaChar) return String(value.value)
  if (value instanceof JavaDouble) return doubleText(value.value)
  if (value instanceof HostObject) return value.text(run)
  if (value instanceof DefinedBlock) return value.text(run) ?? 'null'
  if (value instanceof ForeachScope) return '{}'
  if (value instanceof JavaMissing) return ''
  if (value instanceof JavaIterator) return 'iterator'
  return String(value)
}

// As java.util.AbstractCollection.toString and AbstractMap.toString write them.
function collectionText(list: JavaCollection, run: Run, depth: number): string {
  const parts = list.items().map((item) => (item === list ? '(this Collection)' : inner(item, run, depth)))
  return counted(`[${parts.join(', ')}]`, run)
}

function mapText(map: JavaMap, run: Run, depth: number): string {
  const parts = [...map.entries.values()].map((entry) => entryText(entry, map, run, depth))
  return counted(`{${parts.join(', ')}}`, run)
}

function entryText(entry: JavaEntry, map: Value, run: Run, depth: number): string {
  const key = entry.key === map ? '(this Map)' : inner(entry.key, run, depth)
  return `${key}=${entry.value === map ? '(this Map)' : inner(entry.value, run, depth)}`
}

function inner(value: Value, run: Run, depth: number): string {
  enter(run, depth)
  return value === null ? 'null' : objectText(value, run, depth + 1)
}

/**
 * The text of a value as JSON, as `$input.json` gives it: no blanks, Java's numbers; whatever JSON does not know
 * becomes a string.
 */
export function jsonText(value: Value, run: Run, depth = 0): string {
  enter(run, depth)
  if (value === null) return 'null'
  if (typeof value === 'string') return counted(JSON.stringify(value), run)
  if (typeof value === 'boolean' || typeof value === 'number') return String(value)
  if (value instanceof JavaCollection) {
    return counted(
      `[${value
        .items()
        .map((item) => jsonText(item, run, depth + 1))
        .join(',')}]`,
      run,
    )
  }
  if (value instanceof JavaMap) {
    const parts = [...value.entries.values()].map(
      (entry) => `${JSON.stringify(printed(entry.key, run))}:${jsonText(entry.value, run, depth + 1)}`,
    )
    return counted(`{${parts.join(',')}}`, run)
  }
  if (typeof value === 'bigint' || value instanceof JavaLong) return scalarText(value, run)
  if (value instanceof JavaDouble) return jsonNumber(value)
  return JSON.stringify(printed(value, run))
}

// A whole Double shows that it is one; any other is the same in JSON whoever writes it.
function jsonNumber({ value, written }: JavaDouble): string {
  if (!Number.isFinite(value)) return written ?? 'null'
  return Number.isInteger(value) ? doubleText(value) : String(value)
}

function enter(run: Run, depth: number): void {
  run.step(3)
  if (depth > run.limits.maxDataDepth) {
    throw new TemplateRenderError(`list or map has more than ${run.limits.maxDataDepth} levels of nesting`)
  }
}

function counted(text: string, run: Run): string {
  run.characters(text.length)
  return text
}
