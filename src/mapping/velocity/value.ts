/** A value that a reference can stand for. `null` is Java's null: nothing there. A `number` is always an Integer. */
export type Value = null | string | boolean | NumberValue | JavaObject
export type NumberValue = number | JavaLong | JavaDouble | bigint

/**
 * A Java object: any value that is no plain JavaScript value. Only classes of this folder and of the AWS layer extend
 * it.
 */
export abstract class JavaObject {
  /** A mark for the compiler, not there at run time; it keeps other objects from passing for this one. */
  declare protected readonly java: true
}

/** A `java.lang.Long`. A bare `bigint` is a `java.math.BigInteger`. */
export class JavaLong extends JavaObject {
  readonly value: bigint
  constructor(value: bigint) {
    super()
    this.value = value
  }
}

export class JavaDouble extends JavaObject {
  readonly value: number
  /** The number as it was written in JSON, where it is larger than any double; else null. */
  readonly written: string | null
  constructor(value: number, written: string | null = null) {
    super()
    this.value = value
    this.written = written
  }
}

export class JavaChar extends JavaObject {
  readonly value: string
  constructor(value: string) {
    super()
    this.value = value
  }
}

/**
 * The value that API Gateway has where there is none: a place that the body does not have, a variable of `$context` or
 * `$stageVariables` that is not set, and any member of these. It prints nothing, equals both null and the empty string,
 * does not count as true, and otherwise behaves as an empty string (what it prints and equals was observed on AWS).
 */
export class JavaMissing extends JavaObject {}

export const missing: JavaMissing = new JavaMissing()

/** A list, set or array: anything with elements in an order. */
export abstract class JavaCollection extends JavaObject {
  /** A count of structural changes, so that a loop over a list that grows meanwhile fails as in Java. */
  abstract readonly changes: number
  abstract readonly size: number
  abstract items(): readonly Value[]
}

/**
 * The origin of a list: `json` lists came from a message and print as JSON (observed on AWS); `array` is what
 * String.split gives.
 */
export type ListKind = 'list' | 'json' | 'array'

export class JavaList extends JavaCollection {
  readonly kind: ListKind
  changes = 0
  private made: Value[] | null
  private source: Lazy<Value[]> | null = null

  constructor(values: Value[] | null, kind: ListKind = 'list') {
    super()
    this.made = values
    this.kind = kind
  }

  /** A list whose elements are made when one is first asked for. */
  static lazy(source: Lazy<Value[]>): JavaList {
    const list = new JavaList(null, 'json')
    list.source = source
    return list
  }

  /** The parsed JSON behind a list that nobody has looked into yet. */
  get untouched(): unknown {
    return this.source?.plain
  }

  get values(): Value[] {
    if (this.made === null) {
      this.made = this.source === null ? [] : this.source.make()
      this.source = null
    }
    return this.made
  }

  get size(): number {
    return this.values.length
  }

  items(): readonly Value[] {
    return this.values
  }
}

/** A thing that is made of parsed JSON on demand: most of a message is never looked at. */
export interface Lazy<T> {
  readonly plain: object
  make(): T
}

export class JavaEntry extends JavaObject {
  readonly key: Value
  value: Value
  constructor(key: Value, value: Value) {
    super()
    this.key = key
    this.value = value
  }
}

/** A LinkedHashMap. Keys are compared as Java compares them, see `keyOf`. */
export class JavaMap extends JavaObject {
  changes = 0
  private made: Map<unknown, JavaEntry> | null = null
  private source: Lazy<Iterable<[string, Value]>> | null = null

  /** A map whose entries are made when one is first asked for. */
  static lazy(source: Lazy<Iterable<[string, Value]>>): JavaMap {
    const map = new JavaMap()
    map.source = source
    return map
  }

  /** The parsed JSON behind a map that nobody has looked into yet. */
  get untouched(): unknown {
    return this.source?.plain
  }

  get entries(): Map<unknown, JavaEntry> {
    if (this.made !== null) return this.made
    const entries = new Map<unknown, JavaEntry>()
    this.made = entries
    const { source } = this
    this.source = null
    if (source !== null) for (const [name, value] of source.make()) entries.set(name, new JavaEntry(name, value))
    return entries
  }

  get(key: Value): Value {
    return this.entries.get(keyOf(key))?.value ?? null
  }

  has(key: Value): boolean {
    return this.entries.has(keyOf(key))
  }

  /** Puts a value under a key and gives the value that was there before. */
  put(key: Value, value: Value): Value {
    const id = keyOf(key)
    const entry = this.entries.get(id)
    if (entry === undefined) {
      this.entries.set(id, new JavaEntry(key, value))
      this.changes++
      return null
    }
    const before = entry.value
    entry.value = value
    return before
  }

  remove(key: Value): Value {
    const id = keyOf(key)
    const before = this.entries.get(id)
    if (before === undefined) return null
    this.entries.delete(id)
    this.changes++
    return before.value
  }

  clear(): void {
    this.entries.clear()
    this.changes++
  }
}

/** A live view of a map, as keySet(), values() and entrySet() give it. */
export class JavaMapView extends JavaCollection {
  readonly map: JavaMap
  readonly part: 'keys' | 'values' | 'entries'
  constructor(map: JavaMap, part: JavaMapView['part']) {
    super()
    this.map = map
    this.part = part
  }
  get changes(): number {
    return this.map.changes
  }
  get size(): number {
    return this.map.entries.size
  }
  items(): readonly Value[] {
    const entries = [...this.map.entries.values()]
    if (this.part === 'entries') return entries
    return entries.map(this.part === 'keys' ? (entry) => entry.key : (entry) => entry.value)
  }
}

export class JavaIterator extends JavaObject {
  readonly source: JavaCollection
  readonly items: readonly Value[]
  readonly changes: number
  at = 0
  constructor(source: JavaCollection) {
    super()
    this.source = source
    this.items = source.items()
    this.changes = source.changes
  }
}

// Java tells Integer 1, Long 1, Double 1 and "1" apart as keys; strings, the common case, stay themselves.
function keyOf(key: Value): unknown {
  if (key instanceof JavaLong) return key.value
  if (key instanceof JavaDouble) return `\u0000double ${key.value}`
  if (key instanceof JavaChar) return `\u0000char ${key.value}`
  return typeof key === 'bigint' ? `\u0000big ${key}` : key
}
