/**
 * A number of a JSON text that JavaScript would not print as it was meant: a whole number beyond 2^53, or one written as
 * a fraction or with an exponent, which Java reads as a double (`1.0`, `1e3`).
 */
export class ExactNumber {
  readonly #source: string

  constructor(source: string) {
    this.#source = source
  }

  /** The number as it was written. */
  get source(): string {
    return this.#source
  }

  /** Whether it was written as a whole number. */
  get isWhole(): boolean {
    return !/[.eE]/.test(this.#source)
  }

  /** The nearest number of JavaScript. */
  get approximate(): number {
    return Number(this.#source)
  }
}

// 1.0, 1e3, sixteen digits and more, and names that look like numbers, which JavaScript puts in an order of its own.
const special = /(?:^|[\s:,[])-?(?:\d{16}|\d+\.0*(?!\d)|\d+(?:\.\d*)?[eE])|"(?:\d|\\u003\d)+"\s*:/

/** Whether JSON.parse would lose something of a text. May be true for no reason; is never false wrongly. */
export function losesInJavaScript(text: string): boolean {
  return special.test(text)
}

/** Takes note that so many characters were read, and may throw to end the reading. */
export type Tick = (characters: number) => void

/** Characters between two ticks. */
const charactersPerTick = 16_384

/**
 * The value of a JSON text, with `ExactNumber` for the numbers that JavaScript would change, and `namesOf` for the order
 * of names. Throws SyntaxError like JSON.parse, for the same texts. Does not recurse: nesting is no danger.
 */
export function readExactJson(text: string, tick: Tick = () => {}): unknown {
  return new ExactReader(text, tick).document()
}

const namesInOrder = Symbol('names in order')
type Ordered = { [namesInOrder]?: readonly string[] }

/** The names of an object in the order in which they were written. */
export function namesOf(object: object): readonly string[] {
  return (object as Ordered)[namesInOrder] ?? Object.keys(object)
}

/** A list or an object whose end has not been read. */
interface Open {
  readonly list: unknown[] | null
  readonly object: Record<string, unknown> | null
  /** The names in order, from the first on that looks like a number; null before. */
  names: Set<string> | null
  name: string
}

const quote = 0x22
const comma = 0x2c
const colon = 0x3a
const openList = 0x5b
const closeList = 0x5d
const openObject = 0x7b
const closeObject = 0x7d
const none: unique symbol = Symbol('goes on inside')

const numberToken = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
/** A character that makes a string differ from the text between its quotes, or makes it none. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON has none of them in strings
const notVerbatim = /[\\\u0000-\u001f]/
/** Digits of the longest whole number that JavaScript surely holds. */
const safeDigits = 15

class ExactReader {
  readonly #text: string
  readonly #tick: Tick
  readonly #open: Open[] = []
  #at = 0
  #ticked = 0

  constructor(text: string, tick: Tick) {
    this.#text = text
    this.#tick = tick
  }

  document(): unknown {
    while (true) {
      let value = this.#begin()
      while (value !== none) {
        const parent = this.#open.at(-1)
        const next = this.#next()
        if (parent === undefined) return Number.isNaN(next) ? value : this.#fail()
        add(parent, value)
        this.#at++
        if (next === comma) {
          if (parent.object !== null) parent.name = this.#name()
          break
        }
        if (next !== (parent.list === null ? closeObject : closeList)) this.#fail()
        this.#open.pop()
        value = parent.list ?? ordered(parent)
      }
    }
  }

  /** Reads a scalar or an empty list or object; goes into one that is not empty, and gives `none`. */
  #begin(): unknown {
    const start = this.#next()
    if (this.#at - this.#ticked >= charactersPerTick) {
      this.#tick(this.#at - this.#ticked)
      this.#ticked = this.#at
    }
    switch (start) {
      case quote:
        return this.#string()
      case openObject:
        this.#at++
        if (this.#next() === closeObject) return this.#past({})
        this.#open.push({ list: null, object: {}, names: null, name: this.#name() })
        return none
      case openList:
        this.#at++
        if (this.#next() === closeList) return this.#past([])
        this.#open.push({ list: [], object: null, names: null, name: '' })
        return none
      case 0x74:
        return this.#word('true', true)
      case 0x66:
        return this.#word('false', false)
      case 0x6e:
        return this.#word('null', null)
    }
    numberToken.lastIndex = this.#at
    const number = numberToken.exec(this.#text)?.[0] ?? this.#fail()
    this.#at += number.length
    return exactOrPlain(number)
  }

  #past<Value>(value: Value): Value {
    this.#at++
    return value
  }

  #word<Value>(word: string, value: Value): Value {
    if (!this.#text.startsWith(word, this.#at)) this.#fail()
    this.#at += word.length
    return value
  }

  #name(): string {
    if (this.#next() !== quote) this.#fail()
    const name = this.#string()
    if (this.#next() !== colon) this.#fail()
    this.#at++
    return name
  }

  #string(): string {
    const start = this.#at
    let end = start
    do {
      end = this.#text.indexOf('"', end + 1)
      if (end < 0) this.#fail()
    } while (this.#text.charCodeAt(end - 1) === 0x5c && this.#isEscaped(end, start))
    this.#at = end + 1
    const inside = this.#text.slice(start + 1, end)
    return notVerbatim.test(inside) ? (JSON.parse(this.#text.slice(start, end + 1)) as string) : inside
  }

  #isEscaped(at: number, start: number): boolean {
    let first = at
    while (first - 1 > start && this.#text.charCodeAt(first - 1) === 0x5c) first--
    return (at - first) % 2 === 1
  }

  /** The code of the next character that is not white space; NaN at the end. */
  #next(): number {
    let code = this.#text.charCodeAt(this.#at)
    while (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) code = this.#text.charCodeAt(++this.#at)
    return code
  }

  #fail(): never {
    throw new SyntaxError(`unexpected token in JSON at position ${this.#at}`)
  }
}

const arrayIndex = /^\d+$/

function add(open: Open, value: unknown): void {
  const { list, object, name } = open
  if (object === null) {
    list?.push(value)
    return
  }
  const code = name.charCodeAt(0)
  if (open.names === null && code >= 0x30 && code <= 0x39 && arrayIndex.test(name)) {
    open.names = new Set(Object.keys(object))
  }
  open.names?.add(name)
  if (name === '__proto__') {
    Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true })
  } else object[name] = value
}

function ordered({ object, names }: Open): unknown {
  if (names !== null) Object.defineProperty(object, namesInOrder, { value: [...names] })
  return object
}

const whole = /^-?\d+$/
const wholeFraction = /^-?\d+\.0*$|[eE]/

/** A number that JavaScript prints as Java does, where it is one: `2.5` is, `1.0` and `1e3` are not. */
function exactOrPlain(source: string): number | ExactNumber {
  if (whole.test(source)) return source.length <= safeDigits ? Number(source) + 0 : new ExactNumber(source)
  return wholeFraction.test(source) ? new ExactNumber(source) : Number(source)
}
