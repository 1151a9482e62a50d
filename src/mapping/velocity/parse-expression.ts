import type { Block, DirectiveArgument, Expression, Link, Operator, Print, TemplateReference } from './ast.ts'
import { Cursor } from './cursor.ts'
import type { TemplateLimits } from './limits.ts'
import { parseNumber } from './number.ts'
import { readString } from './parse-string.ts'
import { JavaDouble } from './value.ts'

const blank = /[ \t\r\n]+/y
const number = /-?(?:\d+(?=\.\.)|\d+\.\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\d+)/y
const truth = /(?:true|false)(?![A-Za-z0-9_@-])/y
const word = /[A-Za-z_@][A-Za-z0-9_@]*/y
const bareWord = /[A-Za-z_][A-Za-z0-9_-]*/y
const referenceHead = /\$(\\*)(!?)(\{?)([A-Za-z_][A-Za-z0-9_-]*)/y
const dottedName = /\.([A-Za-z][A-Za-z0-9_-]*)/y

const callStart = /\((?:[)"'$[{,\w\\ \t\r\n-]|\.\d)/y

const not = /!(?!=)|not(?![A-Za-z0-9_@])/y
const levels: readonly (readonly [RegExp, Readonly<Record<string, Operator>>])[] = [
  [/\|\||or(?![A-Za-z0-9_@])/y, { or: '||' }],
  [/&&|and(?![A-Za-z0-9_@])/y, { and: '&&' }],
  [/==|!=|(?:eq|ne)(?![A-Za-z0-9_@])/y, { eq: '==', ne: '!=' }],
  [/<=|>=|<|>|(?:lt|gt|le|ge)(?![A-Za-z0-9_@])/y, { lt: '<', gt: '>', le: '<=', ge: '>=' }],
  // A minus that touches a digit belongs to a number, so `3 -1` is no subtraction in Velocity 1.7 (observed).
  [/\+|-(?!\.?\d)/y, {}],
  [/[*/%]/y, {}],
]

/** The parser of statements, as far as the expression parser inside it needs it. */
export interface EnclosingParser {
  depth(): number
  /** Parses the inside of a double-quoted string, which is a template of its own. */
  nested(cursor: Cursor, depth: number): Block
}

/** Parses references, literals and operators, as they stand among text and inside directives. */
export class ExpressionParser {
  private readonly cursor: Cursor
  private readonly limits: TemplateLimits
  private readonly around: EnclosingParser
  private depth = 0

  constructor(cursor: Cursor, limits: TemplateLimits, around: EnclosingParser) {
    this.cursor = cursor
    this.limits = limits
    this.around = around
  }

  space(): void {
    this.cursor.match(blank)
  }

  expression(): Expression {
    return this.nest(() => this.binary(0))
  }

  private binary(level: number): Expression {
    const operators = levels[level]
    if (operators === undefined) return this.unary()
    const [pattern, words] = operators
    this.space()
    const start = this.cursor.at
    let left = this.binary(level + 1)
    while (true) {
      const match = this.cursor.match(pattern)
      if (match === null) return left
      const operator = words[match[0]] ?? (match[0] as Operator)
      const right = this.binary(level + 1)
      left = { kind: 'binary', operator, left, right, text: this.cursor.since(start).trimEnd() }
    }
  }

  private unary(): Expression {
    this.space()
    const start = this.cursor.at
    if (this.cursor.match(not) === null) {
      const primary = this.primary()
      this.space()
      return primary
    }
    const operand = this.nest(() => this.unary())
    return { kind: 'not', operand, text: this.cursor.since(start).trimEnd() }
  }

  private primary(): Expression {
    if (!this.cursor.take('(')) return this.literal() ?? this.cursor.fail('expected a value')
    const inner = this.expression()
    if (!this.cursor.take(')')) this.cursor.fail("expected ')'")
    return inner
  }

  /** An argument of a directive. */
  argument(): DirectiveArgument {
    return this.literal() ?? this.word() ?? this.cursor.fail("expected an argument or ')'")
  }

  private word(): DirectiveArgument | null {
    const match = this.cursor.match(word)
    return match === null ? null : { kind: 'word', text: match[0] }
  }

  /** An element of a list, a map or a call: a value without operators. */
  private parameter(): Expression {
    this.space()
    const value = this.literal() ?? this.cursor.fail('expected a value')
    this.space()
    return value
  }

  /** Any value without operators; null when something else comes next. */
  private literal(): Expression | null {
    const { cursor } = this
    const start = cursor.at
    if (cursor.next === '$' || cursor.next === '\\') {
      const reference = this.reference()
      return reference === null ? null : { kind: 'reference', reference, text: reference.text }
    }
    if (cursor.next === '"' || cursor.next === "'") return this.string()
    if (cursor.next === '{') return this.nest(() => this.map())
    if (cursor.next === '[') return this.nest(() => this.list())
    const truthMatch = cursor.match(truth)
    if (truthMatch !== null) return { kind: 'boolean', value: truthMatch[0] === 'true', text: truthMatch[0] }
    const numberMatch = cursor.match(number)
    if (numberMatch === null) return null
    return { kind: 'number', value: parseNumber(numberMatch[0]), text: cursor.since(start) }
  }

  private string(): Expression {
    const { cursor } = this
    const start = cursor.at
    const found = readString(cursor.source, start) ?? cursor.fail('string without an end')
    const position = cursor.position(start)
    cursor.at = found.end
    const text = cursor.since(start)
    if (!found.interpolates) return { kind: 'string', value: found.value, text }
    const depth = this.around.depth() + this.depth
    return { kind: 'interpolated', body: this.around.nested(new Cursor(found.value, position), depth), text }
  }

  private map(): Expression {
    const { cursor } = this
    const start = cursor.at++
    const entries: [Expression, Expression][] = []
    this.space()
    if (cursor.next !== '}') {
      do {
        const key = this.parameter()
        if (!cursor.take(':')) cursor.fail("expected ':'")
        entries.push([key, this.parameter()])
      } while (cursor.take(','))
    }
    if (!cursor.take('}')) cursor.fail("expected '}'")
    return { kind: 'map', entries, text: cursor.since(start) }
  }

  /**
   * A list `[1, 2]` or a range `[1..5]` (Velocity user guide, "Range Operator"): which of them shows after the first
   * element.
   */
  private list(): Expression {
    const { cursor } = this
    const start = cursor.at++
    const items: Expression[] = []
    if (cursor.take(']')) return { kind: 'list', items, text: '[]' }
    const first = this.parameter()
    if (cursor.take('..')) return this.range(first, start)
    items.push(first)
    while (cursor.take(',')) items.push(this.parameter())
    if (!cursor.take(']')) cursor.fail("expected ']'")
    return { kind: 'list', items, text: cursor.since(start) }
  }

  private range(from: Expression, start: number): Expression {
    const { cursor } = this
    const to = this.parameter()
    if (!isBound(from) || !isBound(to)) cursor.fail('a range goes from one integer or reference to another', start)
    if (!cursor.take(']')) cursor.fail("expected ']'")
    return { kind: 'range', from, to, text: cursor.since(start) }
  }

  /** A reference among text, after so many backslashes; null when the `$` is just a character. */
  print(slashes: number): Print | { kind: 'text'; text: string } | null {
    const head = this.cursor.look(referenceHead)
    const bang = head?.[1]?.length ?? 0
    const reference = this.reference()
    if (reference === null) return null
    if (bang === 0) return { kind: 'print', reference, slashes }
    // `$\!x` is Velocity's way to print `$!x` (user guide, "Escaping and !"): one backslash goes, the rest is text.
    return { kind: 'text', text: `${'\\'.repeat(slashes)}$${reference.text.slice(2)}` }
  }

  /** A reference; null when what follows the `$` is no name. */
  reference(): TemplateReference | null {
    const { cursor } = this
    const start = cursor.at
    const head = cursor.match(referenceHead)
    if (head === null || (head[1] !== '' && head[2] === '')) {
      cursor.at = start
      return null
    }
    const name = head[4] as string
    this.refuseTruth(name, start)
    const links = this.links()
    const formal = head[3] === '{'
    if (formal && !cursor.take('}')) cursor.fail("expected '}'")
    return { name, links, quiet: head[2] === '!', formal, text: cursor.since(start) }
  }

  private links(): Link[] {
    const links: Link[] = []
    while (true) {
      const link = this.link()
      if (link === null) return links
      links.push(link)
    }
  }

  private link(): Link | null {
    const { cursor } = this
    const start = cursor.at
    const position = cursor.position(start)
    if (cursor.take('[')) {
      const index = this.nest(() => this.parameter())
      if (!isIndex(index)) cursor.fail('an index must be a string, an integer or a reference', start)
      if (!cursor.take(']')) cursor.fail("expected ']'")
      return { kind: 'index', index, position }
    }
    const dotted = cursor.match(dottedName)
    if (dotted === null) return null
    const name = dotted[1] as string
    this.refuseTruth(name, start)
    // A parenthesis that no argument could follow is text to Velocity.
    if (cursor.look(callStart) === null) return { kind: 'property', name, position }
    cursor.at++
    return { kind: 'method', name, args: this.nest(() => this.callArguments()), position }
  }

  private callArguments(): Expression[] {
    const { cursor } = this
    if (cursor.take(')')) return []
    const args: Expression[] = []
    do {
      this.space()
      args.push(this.missing() ?? this.parameter())
    } while (cursor.take(','))
    if (!cursor.take(')')) cursor.fail("expected ')'")
    return args
  }

  /** A name without a `$` as an argument: Velocity reads it as a reference that has no value. */
  private missing(): Expression | null {
    if (this.cursor.look(truth) !== null) return null
    const name = this.cursor.match(bareWord)
    if (name === null) return null
    this.space()
    const reference: TemplateReference = { name: '', links: [], quiet: false, formal: false, text: name[0] }
    return { kind: 'reference', reference, text: name[0] }
  }

  private refuseTruth(name: string, at: number): void {
    if (name === 'true' || name === 'false') this.cursor.fail(`'${name}' cannot be a name`, at)
  }

  private nest<T>(parse: () => T): T {
    if (this.around.depth() + ++this.depth > this.limits.maxNesting) {
      this.cursor.fail(`more than ${this.limits.maxNesting} levels of nesting`)
    }
    const result = parse()
    this.depth--
    return result
  }
}

function isBound(bound: Expression): boolean {
  return bound.kind === 'reference' || (bound.kind === 'number' && !(bound.value instanceof JavaDouble))
}

function isIndex(index: Expression): boolean {
  return isBound(index) || index.kind === 'string' || index.kind === 'interpolated' || index.kind === 'boolean'
}
