import type { Assertion, CharTest } from './ast.ts'

const range =
  (from: string, to: string): CharTest =>
  (code) =>
    code >= from.charCodeAt(0) && code <= to.charCodeAt(0)
const among =
  (chars: string): CharTest =>
  (code) =>
    chars.includes(String.fromCodePoint(code))

/** The set of everything outside of a set. */
export const negate =
  (test: CharTest): CharTest =>
  (code) =>
    !test(code)

/** Characters beyond Latin 1 whose answers a class remembers. */
const maxRemembered = 4_096

/** A set that asks `test` once for each character: a class of many members then costs no more than one of few. */
export function memoized(test: CharTest): CharTest {
  const latin = Array.from({ length: 256 }, (_, code) => test(code))
  const others = new Map<number, boolean>()
  return (code) => {
    if (code < 256) return latin[code] === true
    let known = others.get(code)
    if (known === undefined) {
      if (others.size >= maxRemembered) others.clear()
      known = test(code)
      others.set(code, known)
    }
    return known
  }
}

const lower = range('a', 'z')
const upper = range('A', 'Z')
const digit = range('0', '9')
const alpha: CharTest = (code) => lower(code) || upper(code)
const alnum: CharTest = (code) => alpha(code) || digit(code)
const graph = range('!', '~')
const punct: CharTest = (code) => graph(code) && !alnum(code)
const word: CharTest = (code) => alnum(code) || code === 0x5f
const space = among(' \t\n\v\f\r')
const horizontal: CharTest = (code) => code === 9 || code === 0xa0 || /\p{Zs}|\u180e/u.test(String.fromCodePoint(code))
const vertical = among('\n\v\f\r\u0085\u2028\u2029')

/** Java's line terminators (java.util.regex.Pattern, "Line terminators"). */
export const lineEnd = among('\n\r\u0085\u2028\u2029')

/**
 * The sets of `\d` and its relatives, by letter. ASCII only, as in Java without further flags (java.util.regex.Pattern,
 * "Predefined character classes").
 */
export const letterSets: ReadonlyMap<string, CharTest> = new Map([
  ['d', digit],
  ['D', negate(digit)],
  ['s', space],
  ['S', negate(space)],
  ['w', word],
  ['W', negate(word)],
  ['h', horizontal],
  ['H', negate(horizontal)],
  ['v', vertical],
  ['V', negate(vertical)],
])

const posix: ReadonlyMap<string, CharTest> = new Map([
  ['Lower', lower],
  ['Upper', upper],
  ['ASCII', (code: number) => code < 0x80],
  ['Alpha', alpha],
  ['Digit', digit],
  ['Alnum', alnum],
  ['Punct', punct],
  ['Graph', graph],
  ['Print', range(' ', '~')],
  ['Blank', among(' \t')],
  ['Cntrl', (code: number) => code < 0x20 || code === 0x7f],
  ['XDigit', among('0123456789abcdefABCDEF')],
  ['Space', space],
])

/**
 * The set of `\p{name}`: POSIX classes, and Unicode categories, scripts and properties (java.util.regex.Pattern, "POSIX
 * character classes" and "Unicode support"); null for anything else.
 */
export function namedSet(name: string): CharTest | null {
  const known = posix.get(name)
  if (known !== undefined) return known
  const bare = name.replace(/^(?:Is|general_category=|gc=)/, '')
  for (const property of [bare, `Script=${bare.replace(/^(?:script|sc)=/, '')}`]) {
    if (!/^[A-Za-z_=]+$/.test(property)) continue
    try {
      const pattern = new RegExp(`^\\p{${property}}$`, 'u')
      return (code) => pattern.test(String.fromCodePoint(code))
    } catch {
      // No property of this name; try it as a script.
    }
  }
  return null
}

/** The other case of an ASCII letter, the code itself for anything else. */
export function otherCase(code: number): number {
  return alpha(code) ? code ^ 0x20 : code
}

export const atStart: Assertion = (_, at) => at === 0
export const atEnd: Assertion = (text, at) => at === text.length
export const atLineStart: Assertion = (text, at) =>
  at === 0 || (at < text.length && lineEnd(text.charCodeAt(at - 1)) && !splitsLineEnd(text, at))
export const atLineEnd: Assertion = (text, at) =>
  at === text.length || (lineEnd(text.charCodeAt(at)) && !splitsLineEnd(text, at))

/** The place that `$` and `\Z` match: the end, or just before a line terminator that ends the text. */
export const atLastLineEnd: Assertion = (text, at) => {
  if (at === text.length) return true
  if (splitsLineEnd(text, at)) return false
  return at === text.length - 1 ? lineEnd(text.charCodeAt(at)) : at === text.length - 2 && text.endsWith('\r\n')
}

export const atWordBoundary: Assertion = (text, at) => isWordAt(text, at - 1) !== isWordAt(text, at)
export const insideWord: Assertion = (text, at) => !atWordBoundary(text, at)

// Before Java 19 a word boundary looks at Unicode letters and digits although `\w` is ASCII (JDK-8282129).
function isWordAt(text: string, at: number): boolean {
  return at >= 0 && at < text.length && /[\p{L}\p{M}\p{Nd}\p{Pc}]/u.test(text[at] as string)
}

function splitsLineEnd(text: string, at: number): boolean {
  return text[at - 1] === '\r' && text[at] === '\n'
}
