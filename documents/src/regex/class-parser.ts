import type { CharTest } from './ast.ts'
import { PatternError } from './pattern-error.ts'
import * as sets from './sets.ts'

export interface Flags {
  readonly ignoreCase: boolean
  readonly dotAll: boolean
  readonly multiline: boolean
  readonly comments: boolean
}

const simpleEscapes: ReadonlyMap<string, number> = new Map([
  ['t', 9],
  ['n', 10],
  ['r', 13],
  ['f', 12],
  ['a', 7],
  ['e', 27],
])

const maxNesting = 50

/** The part of the parser that reads single characters and classes such as `[a-z&&[^x]]`. */
export class ClassParser {
  protected readonly source: string
  protected at = 0
  protected flags: Flags = { ignoreCase: false, dotAll: false, multiline: false, comments: false }
  private depth = 0

  constructor(source: string) {
    this.source = source
  }

  protected fail(message: string): never {
    throw new PatternError(`regular expression: ${message} near index ${this.at}`)
  }

  protected take(text: string): boolean {
    if (!this.source.startsWith(text, this.at)) return false
    this.at += text.length
    return true
  }

  protected match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at
    const match = pattern.exec(this.source)
    if (match !== null) this.at += match[0].length
    return match
  }

  protected enter(): void {
    if (++this.depth > maxNesting) this.fail(`more than ${maxNesting} levels of nesting`)
  }

  protected leave(): void {
    this.depth--
  }

  protected codePoint(): number {
    const code = this.source.codePointAt(this.at) ?? this.fail('unexpected end')
    this.at += code > 0xffff ? 2 : 1
    return code
  }

  /**
   * Parses a class after its `[`, with Java's nested classes and `&&` (java.util.regex.Pattern, "Character classes").
   */
  protected set(): CharTest {
    this.enter()
    const negated = this.take('^')
    let test = this.union(true)
    while (this.take('&&')) {
      const [left, right] = [test, this.union(false)]
      test = (code) => left(code) && right(code)
    }
    if (!this.take(']')) this.fail('unclosed character class')
    this.leave()
    return negated ? sets.negate(test) : test
  }

  private union(first: boolean): CharTest {
    const tests: CharTest[] = []
    while (this.at < this.source.length && !this.source.startsWith('&&', this.at)) {
      if (this.source[this.at] === ']' && !(first && tests.length === 0)) break
      tests.push(this.member())
    }
    return (code) => tests.some((test) => test(code))
  }

  private member(): CharTest {
    if (this.take('[')) return this.set()
    const set = this.source[this.at] === '\\' ? this.setInClass() : null
    if (set !== null) return set
    const from = this.classChar()
    const next = this.source[this.at + 1]
    if (this.source[this.at] !== '-' || next === undefined || next === ']' || next === '[') return this.span(from, from)
    this.at++
    const to = this.classChar()
    if (to < from) this.fail('illegal character range')
    return this.span(from, to)
  }

  private setInClass(): CharTest | null {
    this.at++
    const quoted = this.match(/Q([\s\S]*?)(?:\\E|$)/y)
    if (quoted !== null) {
      const chars = quoted[1] ?? ''
      return (code) => chars.includes(String.fromCodePoint(code))
    }
    const set = this.setEscape()
    if (set === null) this.at--
    return set
  }

  private classChar(): number {
    if (this.take('\\')) return this.charEscape()
    return this.codePoint()
  }

  private span(from: number, to: number): CharTest {
    const inside: CharTest = (code) => code >= from && code <= to
    return this.flags.ignoreCase ? (code) => inside(code) || inside(sets.otherCase(code)) : inside
  }

  protected setEscape(): CharTest | null {
    const letter = this.match(/[dDsSwWhHvV]/y)
    if (letter !== null) return sets.letterSets.get(letter[0]) ?? null
    const named = this.match(/([pP])(?:\{([^}]*)\}|([A-Z]))/y)
    if (named === null) return null
    const name = named[2] ?? named[3] ?? ''
    const test = sets.namedSet(name) ?? this.fail(`unknown character property ${name}`)
    return named[1] === 'P' ? sets.negate(test) : test
  }

  protected charEscape(): number {
    const coded = this.match(/x([0-9a-fA-F]{2})|x\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|0([0-3]?[0-7]{1,2})/y)
    if (coded !== null) {
      const hex = coded[1] ?? coded[2] ?? coded[3]
      return hex === undefined ? Number.parseInt(coded[4] ?? '', 8) : Number.parseInt(hex, 16)
    }
    const control = this.match(/c([\s\S])/y)
    if (control !== null) return (control[1] as string).charCodeAt(0) ^ 64
    const char = this.source[this.at] ?? this.fail('unexpected end after a backslash')
    const simple = simpleEscapes.get(char)
    if (simple === undefined && /[A-Za-z]/.test(char)) this.fail(`illegal escape \\${char}`)
    const code = this.codePoint()
    return simple ?? code
  }
}
