import type { Node, Pattern, RepeatMode } from './ast.ts'
import { ClassParser } from './class-parser.ts'
import { PatternError } from './pattern-error.ts'
import * as sets from './sets.ts'

/** Characters of the longest pattern; `maxRepeat` limits it too: repeats are unrolled, so their product counts. */
const maxPatternLength = 1_000
const maxRepeat = 1_000

/**
 * Parses a Java regular expression (java.util.regex.Pattern). Throws `PatternError` for what Java, or this
 * engine, does not take.
 */
export function parsePattern(source: string): Pattern {
  if (source.length > maxPatternLength) {
    throw new PatternError(`regular expression is longer than ${maxPatternLength} characters`)
  }
  return new PatternParser(source).pattern()
}

class PatternParser extends ClassParser {
  private groups = 0
  private readonly names = new Map<string, number>()

  pattern(): Pattern {
    const node = this.choice()
    if (this.at < this.source.length) this.fail("unmatched ')'")
    return { node, groups: this.groups, names: this.names, literal: literalText(node) }
  }

  private choice(): Node {
    this.enter()
    const before = this.flags
    const options = [this.sequence()]
    while (this.take('|')) options.push(this.sequence())
    this.flags = before
    this.leave()
    return options.length === 1 ? (options[0] as Node) : { kind: 'choice', options }
  }

  private sequence(): Node {
    const items: Node[] = []
    while (this.at < this.source.length && !/[|)]/.test(this.source[this.at] as string)) {
      if (this.flags.comments && this.match(/\s+|#[^\n]*/y) !== null) continue
      const atom = this.atom()
      if (atom !== null) items.push(this.repeat(atom))
    }
    return items.length === 1 ? (items[0] as Node) : { kind: 'sequence', items }
  }

  private repeat(atom: Node): Node {
    let node = atom
    while (true) {
      const match = this.match(/([?*+]|\{(\d{1,9})(,?)(\d{0,9})\})([?+]?)/y)
      if (match === null) {
        if (this.source[this.at] === '{') this.fail('illegal repetition')
        return node
      }
      const [min, max] = bounds(match)
      if (min > max) this.fail('illegal repetition range')
      if (min > maxRepeat || (max > maxRepeat && max !== Number.POSITIVE_INFINITY)) {
        this.fail(`more than ${maxRepeat} repetitions`)
      }
      const mode: RepeatMode = match[5] === '?' ? 'lazy' : match[5] === '+' ? 'possessive' : 'greedy'
      node = { kind: 'repeat', body: node, min, max, mode }
    }
  }

  /** Parses one atom; null for a switch of flags, which matches nothing by itself. */
  private atom(): Node | null {
    const char = this.source[this.at] as string
    switch (char) {
      case '(':
        return this.group()
      case '[':
        this.at++
        return { kind: 'set', test: sets.memoized(this.set()) }
      case '\\':
        return this.escape()
      case '.':
        this.at++
        return { kind: 'set', test: this.flags.dotAll ? () => true : sets.negate(sets.lineEnd) }
      case '^':
        this.at++
        return { kind: 'assertion', holds: this.flags.multiline ? sets.atLineStart : sets.atStart }
      case '$':
        this.at++
        return { kind: 'assertion', holds: this.flags.multiline ? sets.atLineEnd : sets.atLastLineEnd }
      case '*':
      case '+':
      case '?':
        return this.fail(`dangling meta character '${char}'`)
      case '{':
        return this.fail('illegal repetition')
      default:
        return this.char(this.codePoint())
    }
  }

  private char(code: number): Node {
    const other = sets.otherCase(code)
    if (!this.flags.ignoreCase || other === code) return { kind: 'char', code }
    return { kind: 'set', test: (found) => found === code || found === other }
  }

  private group(): Node | null {
    this.at++
    if (!this.take('?')) return this.capture()
    if (this.take(':')) return this.body()
    if (this.take('>')) return { kind: 'atomic', body: this.body() }
    const look = this.match(/<?[=!]/y)
    if (look !== null) {
      const behind = look[0].startsWith('<')
      return { kind: 'look', body: this.body(), behind, negated: look[0].endsWith('!') }
    }
    const name = this.match(/<([A-Za-z][A-Za-z0-9]*)>/y)
    if (name === null) return this.inlineFlags()
    if (this.names.has(name[1] as string)) this.fail(`group ${name[1]} is defined twice`)
    this.names.set(name[1] as string, this.groups + 1)
    return this.capture()
  }

  private capture(): Node {
    const index = ++this.groups
    return { kind: 'group', index, body: this.body() }
  }

  private body(): Node {
    const node = this.choice()
    if (!this.take(')')) this.fail('unclosed group')
    return node
  }

  /** Parses flags: `(?i)`, which lasts to the end of the surrounding group, or `(?i:…)`. */
  private inlineFlags(): Node | null {
    const match = this.match(/([imsux]*)(?:-([imsux]*))?([:)])/y) ?? this.fail('unknown inline modifier')
    const before = this.flags
    this.setFlags(match[1] ?? '', true)
    this.setFlags(match[2] ?? '', false)
    if (match[3] === ')') return null
    const node = this.body()
    this.flags = before
    return node
  }

  private setFlags(letters: string, on: boolean): void {
    const names = { i: 'ignoreCase', s: 'dotAll', m: 'multiline', x: 'comments' } as const
    for (const [letter, name] of Object.entries(names)) {
      if (letters.includes(letter)) this.flags = { ...this.flags, [name]: on }
    }
  }

  private escape(): Node {
    this.at++
    const quoted = this.match(/Q([\s\S]*?)(?:\\E|$)/y)
    if (quoted !== null)
      return { kind: 'sequence', items: [...(quoted[1] ?? '')].map((c) => this.char(c.codePointAt(0) ?? 0)) }
    const reference = this.match(/[1-9]/y)
    if (reference !== null) return this.reference(reference[0])
    const named = this.match(/k<([A-Za-z][A-Za-z0-9]*)>/y)
    if (named !== null) return this.namedReference(named[1] as string)
    const assertion = this.match(/[bBAzZ]/y)
    if (assertion !== null) return { kind: 'assertion', holds: assertions[assertion[0]] ?? sets.atStart }
    if (this.take('R')) return lineBreak
    const set = this.setEscape()
    return set === null ? this.char(this.charEscape()) : { kind: 'set', test: sets.memoized(set) }
  }

  /**
   * Parses a back reference, which takes further digits as long as there are groups enough (java.util.regex.Pattern,
   * "Comparison to Perl 5").
   */
  private reference(first: string): Node {
    let index = Number(first)
    while (/\d/.test(this.source[this.at] ?? '')) {
      const longer = index * 10 + Number(this.source[this.at])
      if (longer > this.groups) break
      index = longer
      this.at++
    }
    return { kind: 'reference', index, ignoreCase: this.flags.ignoreCase }
  }

  private namedReference(name: string): Node {
    const index = this.names.get(name) ?? this.fail(`no group ${name}`)
    return { kind: 'reference', index, ignoreCase: this.flags.ignoreCase }
  }
}

const assertions: Readonly<Record<string, (text: string, at: number) => boolean>> = {
  b: sets.atWordBoundary,
  B: sets.insideWord,
  A: sets.atStart,
  z: sets.atEnd,
  Z: sets.atLastLineEnd,
}

const lineBreak: Node = {
  kind: 'choice',
  options: [
    {
      kind: 'sequence',
      items: [
        { kind: 'char', code: 13 },
        { kind: 'char', code: 10 },
      ],
    },
    { kind: 'set', test: sets.letterSets.get('v') ?? sets.lineEnd },
  ],
}

function bounds(match: RegExpExecArray): [number, number] {
  switch (match[1]) {
    case '?':
      return [0, 1]
    case '*':
      return [0, Number.POSITIVE_INFINITY]
    case '+':
      return [1, Number.POSITIVE_INFINITY]
  }
  const min = Number(match[2])
  if (match[3] === '') return [min, min]
  return [min, match[4] === '' ? Number.POSITIVE_INFINITY : Number(match[4])]
}

function literalText(node: Node): string | null {
  if (node.kind === 'char') return String.fromCodePoint(node.code)
  if (node.kind !== 'sequence') return null
  const parts = node.items.map((item) => (item.kind === 'char' ? String.fromCodePoint(item.code) : null))
  return parts.includes(null) ? null : parts.join('')
}
