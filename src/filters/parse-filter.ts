import { nearestName } from 'postern-documents/nearest-name'
import { isNetwork } from '../vocabulary/networks.ts'

/** A fact about a connection; `attribute` is the name of the attribute, empty for the others. */
export interface Field {
  readonly name: (typeof fieldNames)[number]
  readonly attribute: string
}

/** A filter expression as a tree. */
export type Term =
  | { readonly kind: 'and' | 'or'; readonly terms: readonly Term[] }
  | { readonly kind: 'not'; readonly term: Term }
  | { readonly kind: 'exists'; readonly field: Field }
  | { readonly kind: 'startsWith' | 'contains'; readonly field: Field; readonly text: string }
  | { readonly kind: 'in'; readonly field: Field; readonly texts: readonly string[] }

/** The limits of a filter: bytes of UTF-8, parentheses and negations inside of each other, texts to compare with. */
export const maxFilterBytes = 2_048
const maxDepth = 20
const maxTexts = 200

const fieldNames = ['userId', 'sourceIp', 'userAgent', 'attributes'] as const
const comparisons = '=, !=, in, startsWith, contains or exists'

class FilterFault extends Error {}

/** Parses a filter expression; gives one sentence that says what is wrong and at which character (from 1), if anything is. */
export function parseFilter(text: string): Term | { readonly fault: string } {
  if (Buffer.byteLength(text) > maxFilterBytes) return { fault: `it has more than ${maxFilterBytes} bytes` }
  try {
    const parser = new Parser(text)
    return parser.parse()
  } catch (error) {
    if (error instanceof FilterFault) return { fault: error.message }
    throw error
  }
}

const space = /\s*/y
const word = /[A-Za-z_]\w*/y
const attributeName = /[\w-]+/y
const quoted = /'((?:[^'\\]|\\['"\\])*)'|"((?:[^"\\]|\\['"\\])*)"/y

class Parser {
  readonly #text: string
  #at = 0
  #depth = 0
  #texts = 0

  constructor(text: string) {
    this.#text = text
  }

  parse(): Term {
    const term = this.#or()
    this.#skip()
    if (this.#at < this.#text.length) this.#fail('expected and, or, or the end')
    return term
  }

  #or(): Term {
    const terms = [this.#and()]
    while (this.#takeSymbol('||') || this.#takeWord('or')) terms.push(this.#and())
    return terms.length === 1 ? (terms[0] as Term) : { kind: 'or', terms }
  }

  #and(): Term {
    const terms = [this.#unary()]
    while (this.#takeSymbol('&&') || this.#takeWord('and')) terms.push(this.#unary())
    return terms.length === 1 ? (terms[0] as Term) : { kind: 'and', terms }
  }

  #unary(): Term {
    if (++this.#depth > maxDepth) this.#fail(`more than ${maxDepth} parentheses and negations inside of each other`)
    const term = this.#inner()
    this.#depth--
    return term
  }

  #inner(): Term {
    if (this.#takeWord('not') || (!this.#peek('!=') && this.#takeSymbol('!')))
      return { kind: 'not', term: this.#unary() }
    if (!this.#takeSymbol('(')) return this.#comparison()
    const term = this.#or()
    if (!this.#takeSymbol(')')) this.#fail('expected a closing parenthesis')
    return term
  }

  #comparison(): Term {
    const field = this.#field()
    if (this.#takeSymbol('!=')) return { kind: 'not', term: this.#equals(field) }
    if (this.#takeSymbol('==') || this.#takeSymbol('=')) return this.#equals(field)
    if (this.#takeWord('exists')) return { kind: 'exists', field }
    if (this.#takeWord('startsWith')) return { kind: 'startsWith', field, text: this.#quoted() }
    if (this.#takeWord('contains')) return { kind: 'contains', field, text: this.#quoted() }
    if (this.#takeWord('in')) return { kind: 'in', field, texts: this.#list(field) }
    return this.#fail(`expected ${comparisons}`)
  }

  #equals(field: Field): Term {
    return { kind: 'in', field, texts: [this.#value(field)] }
  }

  #list(field: Field): string[] {
    if (!this.#takeSymbol('(')) this.#fail("expected a list such as ('a', 'b')")
    const texts = [this.#value(field)]
    while (this.#takeSymbol(',')) texts.push(this.#value(field))
    if (!this.#takeSymbol(')')) this.#fail('expected a comma or a closing parenthesis')
    return texts
  }

  #value(field: Field): string {
    const at = this.#at
    const text = this.#quoted()
    if (field.name === 'sourceIp' && !isNetwork(text)) {
      this.#at = at
      this.#skip()
      this.#fail('expected an address or a network such as 10.0.0.0/8')
    }
    return text
  }

  #quoted(): string {
    this.#skip()
    const match = this.#match(quoted)
    if (match === null) return this.#fail("expected a text in quotes, such as 'gold'")
    if (++this.#texts > maxTexts) this.#fail(`more than ${maxTexts} texts`)
    return (match[1] ?? match[2] ?? '').replaceAll(/\\(['"\\])/g, '$1')
  }

  #field(): Field {
    this.#skip()
    const at = this.#at
    const name = this.#match(word)?.[0] ?? ''
    const known = fieldNames.find((each) => each === name)
    if (known === undefined) {
      this.#at = at
      const nearest = nearestName(name, fieldNames)
      const hint = nearest === null ? '' : `; did you mean ${nearest}?`
      return this.#fail(`expected userId, sourceIp, userAgent or attributes.NAME${hint}`)
    }
    return { name: known, attribute: known === 'attributes' ? this.#attribute() : '' }
  }

  #attribute(): string {
    if (this.#text[this.#at] === '.') {
      this.#at++
      const name = this.#match(attributeName)?.[0]
      return name ?? this.#fail('expected the name of an attribute')
    }
    if (!this.#takeSymbol('['))
      return this.#fail("expected the name of an attribute: attributes.tier or attributes['tier']")
    const name = this.#quoted()
    if (!this.#takeSymbol(']')) this.#fail('expected ]')
    return name
  }

  #takeWord(text: string): boolean {
    this.#skip()
    word.lastIndex = this.#at
    if (word.exec(this.#text)?.[0] !== text) return false
    this.#at += text.length
    return true
  }

  #takeSymbol(text: string): boolean {
    if (!this.#peek(text)) return false
    this.#at += text.length
    return true
  }

  #peek(text: string): boolean {
    this.#skip()
    return this.#text.startsWith(text, this.#at)
  }

  #skip(): void {
    this.#match(space)
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at
    const match = pattern.exec(this.#text)
    if (match !== null) this.#at += match[0].length
    return match
  }

  #fail(expected: string): never {
    throw new FilterFault(`${expected} at character ${this.#at + 1}`)
  }
}
