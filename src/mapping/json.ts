import { TemplateRenderError } from './velocity/errors.ts'
import { fromInteger, parseNumber } from './velocity/number.ts'
import { JavaDouble, JavaList, JavaMap, type Value } from './velocity/value.ts'

/**
 * Turns a value that JSON.parse gave into Java's lists, maps and numbers; one level at a time, as a template goes into
 * it.
 */
export function fromPlain(value: unknown): Value {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      return fromNumber(value)
    case 'object':
      return value === null ? null : fromObject(value)
    default:
      return null
  }
}

function fromObject(plain: object): JavaList | JavaMap {
  if (Array.isArray(plain)) return JavaList.lazy({ plain, make: () => plain.map(fromPlain) })
  return JavaMap.lazy({
    plain,
    make: () => Object.entries(plain).map(([name, value]): [string, Value] => [name, fromPlain(value)]),
  })
}

/** A number as Java would have read it; whole numbers beyond 2^53 are only exact through `parseExact`. */
export function fromNumber(value: number): Value {
  return Number.isSafeInteger(value) ? fromInteger(value) : new JavaDouble(value)
}

// 1.0, 1e3, sixteen digits and more, and names that look like numbers, which JavaScript puts in an order of its own.
const special = /(?:^|[\s:,[])-?(?:\d{16}|\d+\.0*(?!\d)|\d+(?:\.\d*)?[eE])|"\d+"\s*:/

/** Whether JSON.parse would lose something that Java keeps. May be true for no reason; is never false wrongly. */
export function needsExact(text: string): boolean {
  return special.test(text)
}

function tooDeep(): TemplateRenderError {
  return new TemplateRenderError('JSON is nested too deeply')
}

/** Reads JSON straight into Java's values, for texts that `needsExact`. Throws SyntaxError like JSON.parse. */
export function parseExact(text: string, maxDepth: number): Value {
  const reader = new ExactReader(text)
  const value = reader.value(maxDepth)
  reader.end()
  return value
}

const blank = /[ \t\r\n]*/y
const numberToken = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const wordToken = /true|false|null/y

class ExactReader {
  private readonly text: string
  private at = 0

  constructor(text: string) {
    this.text = text
  }

  end(): void {
    this.token(blank)
    if (this.at < this.text.length) this.fail()
  }

  value(maxDepth: number): Value {
    if (maxDepth < 0) throw tooDeep()
    this.token(blank)
    switch (this.text[this.at]) {
      case '{':
        return this.map(maxDepth)
      case '[':
        return this.list(maxDepth)
      case '"':
        return this.string()
    }
    const word = this.token(wordToken)
    if (word !== null) return word === 'null' ? null : word === 'true'
    return parseNumber(this.token(numberToken) ?? this.fail())
  }

  private map(maxDepth: number): JavaMap {
    const map = new JavaMap()
    this.at++
    if (this.take('}')) return map
    do {
      this.token(blank)
      const name = this.string()
      if (!this.take(':')) this.fail()
      map.put(name, this.value(maxDepth - 1))
    } while (this.take(','))
    if (!this.take('}')) this.fail()
    return map
  }

  private list(maxDepth: number): JavaList {
    const items: Value[] = []
    this.at++
    if (this.take(']')) return new JavaList(items, 'json')
    do items.push(this.value(maxDepth - 1))
    while (this.take(','))
    if (!this.take(']')) this.fail()
    return new JavaList(items, 'json')
  }

  private string(): string {
    const start = this.at
    if (this.text[start] !== '"') this.fail()
    do {
      this.at = this.text.indexOf('"', this.at + 1)
      if (this.at < 0) this.fail()
    } while (this.isEscaped(this.at))
    this.at++
    return JSON.parse(this.text.slice(start, this.at)) as string
  }

  private isEscaped(at: number): boolean {
    let start = at
    while (this.text[start - 1] === '\\') start--
    return (at - start) % 2 === 1
  }

  private take(char: string): boolean {
    this.token(blank)
    if (this.text[this.at] !== char) return false
    this.at++
    return true
  }

  private token(pattern: RegExp): string | null {
    pattern.lastIndex = this.at
    const match = pattern.exec(this.text)
    if (match === null) return null
    this.at += match[0].length
    return match[0]
  }

  private fail(): never {
    throw new SyntaxError(`unexpected token in JSON at position ${this.at}`)
  }
}
