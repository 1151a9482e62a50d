import { TemplateRenderError } from './errors.ts'
import { compareNumbers, isNumber } from './number.ts'
import type { Run } from './run.ts'
import { printed } from './text.ts'
import {
  JavaChar,
  JavaCollection,
  JavaDouble,
  JavaEntry,
  JavaList,
  JavaLong,
  JavaMap,
  JavaMissing,
  type Value,
} from './value.ts'

/**
 * The `==` of a template: two nulls are equal, numbers compare across their classes, values of one class by equals and
 * anything else by what it prints, so that `"1" == 1` (Velocity user guide, "Relational and Logical Operators").
 */
export function looselyEqual(left: Value, right: Value, run: Run): boolean {
  if (left instanceof JavaMissing || right instanceof JavaMissing) return isNothing(left, run) && isNothing(right, run)
  if (left === null || right === null) return left === right
  if (isNumber(left) && isNumber(right)) return compareNumbers(left, right) === 0
  if (sameClass(left, right)) return javaEquals(left, right, run)
  return sameText(printed(left, run), printed(right, run), run)
}

function sameText(left: string, right: string, run: Run): boolean {
  if (left.length !== right.length) return false
  run.characters(left.length)
  return left === right
}

function isNothing(value: Value, run: Run): boolean {
  return value === null || printed(value, run) === ''
}

/** Whether Java would give both values the same class. */
export function sameClass(left: Value, right: Value): boolean {
  if (typeof left !== 'object' || typeof right !== 'object') return typeof left === typeof right
  return left?.constructor === right?.constructor
}

/** Java's equals: classes matter, so an Integer is never equal to a Long or a Double. */
export function javaEquals(left: Value, right: Value, run: Run, depth = 0): boolean {
  if (typeof left === 'string' && typeof right === 'string') return sameText(left, right, run)
  if (left === right) return true
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false
  if (left instanceof JavaLong) return right instanceof JavaLong && left.value === right.value
  if (left instanceof JavaDouble) return right instanceof JavaDouble && Object.is(left.value, right.value)
  if (left instanceof JavaChar) return right instanceof JavaChar && left.value === right.value
  if (depth > run.limits.maxDataDepth) throw new TemplateRenderError('lists or maps nested too deeply to compare')
  if (left instanceof JavaCollection) return right instanceof JavaCollection && equalItems(left, right, run, depth)
  if (left instanceof JavaMap) return right instanceof JavaMap && equalEntries(left, right, run, depth)
  if (left instanceof JavaEntry) {
    if (!(right instanceof JavaEntry)) return false
    return javaEquals(left.key, right.key, run, depth + 1) && javaEquals(left.value, right.value, run, depth + 1)
  }
  return false
}

function equalItems(left: JavaCollection, right: JavaCollection, run: Run, depth: number): boolean {
  if (left.size !== right.size) return false
  if (left instanceof JavaList !== right instanceof JavaList) return false
  const others = right.items()
  return left.items().every((item, i) => {
    run.step(2)
    if (left instanceof JavaList) return javaEquals(item, others[i] as Value, run, depth + 1)
    return others.some((other) => javaEquals(item, other, run, depth + 1))
  })
}

function equalEntries(left: JavaMap, right: JavaMap, run: Run, depth: number): boolean {
  if (left.entries.size !== right.entries.size) return false
  for (const { key, value } of left.entries.values()) {
    run.step()
    if (!right.has(key) || !javaEquals(value, right.get(key), run, depth + 1)) return false
  }
  return true
}

/**
 * Java's hashCode for the classes that define one by value (java.util.List and Map, java.lang.String, Boolean, Long and
 * Double).
 */
export function hashOf(value: Value, run: Run, depth = 0): number {
  run.step(2)
  if (depth > run.limits.maxDataDepth) throw new TemplateRenderError('lists or maps nested too deeply to hash')
  if (value === null) return 0
  if (typeof value === 'number') return value
  if (typeof value === 'boolean') return value ? 1231 : 1237
  if (typeof value === 'string') return hashString(value, run)
  if (value instanceof JavaChar) return value.value.charCodeAt(0)
  if (value instanceof JavaLong) return foldLong(value.value)
  if (value instanceof JavaDouble) return foldLong(doubleBits(value.value))
  if (value instanceof JavaList) {
    return value.values.reduce((hash: number, item) => (Math.imul(31, hash) + hashOf(item, run, depth + 1)) | 0, 1)
  }
  if (value instanceof JavaCollection) {
    return value.items().reduce((hash: number, item) => (hash + hashOf(item, run, depth + 1)) | 0, 0)
  }
  if (value instanceof JavaEntry) return hashOf(value.key, run, depth + 1) ^ hashOf(value.value, run, depth + 1)
  if (value instanceof JavaMap) {
    let hash = 0
    for (const entry of value.entries.values()) hash = (hash + hashOf(entry, run, depth + 1)) | 0
    return hash
  }
  return hashString(printed(value, run), run)
}

function hashString(text: string, run: Run): number {
  run.characters(text.length * 2)
  let hash = 0
  for (let i = 0; i < text.length; i++) {
    if (i % 4_096 === 0) run.step(128)
    hash = (Math.imul(31, hash) + text.charCodeAt(i)) | 0
  }
  return hash
}

function foldLong(value: bigint): number {
  return Number(BigInt.asIntN(32, value ^ (value >> 32n)))
}

function doubleBits(value: number): bigint {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, value)
  return view.getBigInt64(0)
}
