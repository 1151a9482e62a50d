import { firstIndexOf, lastIndexOf } from 'postern-documents/regex/literal-search'
import { PatternError } from 'postern-documents/regex/pattern-error'
import * as regex from 'postern-documents/regex/regex'
import { TemplateRenderError } from '../velocity/errors.ts'
import {
  aBoolean,
  aChar,
  aCollection,
  anArray,
  anInt,
  anyObject,
  aString,
  type MethodTable,
  method,
  methodTable,
  variadic,
} from '../velocity/method.ts'
import type { Run } from '../velocity/run.ts'
import { printed } from '../velocity/text.ts'
import { JavaChar, type JavaCollection, JavaList, type Value } from '../velocity/value.ts'
import { isWhitespace } from './char.ts'
import { formatText } from './format.ts'
import { objectLines } from './object.ts'

/** The calls of the pattern engine, whose errors are those of a template. */
const patterns = {
  matches: translated(regex.matches),
  replace: translated(regex.replace),
  split: translated(regex.split),
}

function translated<Args extends readonly unknown[], Result>(call: (...args: Args) => Result) {
  return (...args: Args): Result => {
    try {
      return call(...args)
    } catch (error) {
      throw error instanceof PatternError ? new TemplateRenderError(error.message, { cause: error }) : error
    }
  }
}

type Text = readonly [string | null]
type TwoTexts = readonly [string | null, string | null]
type TextAndInt = readonly [string | null, number]
type Ints = readonly [number, number]

/** The methods of java.lang.String. Strings are UTF-16 in both languages, so lengths and indexes agree. */
export const stringMethods: MethodTable = methodTable(
  ...objectLines,
  method('length', [], (self: string) => self.length),
  method('isEmpty', [], (self: string) => self === ''),
  method('isBlank', [], (self: string, _, run) => strip(self, isWhitespace, 'both', run) === ''),
  method(
    'charAt',
    [anInt],
    (self: string, [at]: readonly [number]) => new JavaChar(self.charAt(index(at, self.length))),
  ),
  method(
    'codePointAt',
    [anInt],
    (self: string, [at]: readonly [number]) => self.codePointAt(index(at, self.length)) ?? 0,
  ),
  method('substring', [anInt], (self: string, [from]: readonly [number]) => slice(self, from, self.length)),
  method('substring', [anInt, anInt], (self: string, [from, to]: Ints) => slice(self, from, to)),
  method('subSequence', [anInt, anInt], (self: string, [from, to]: Ints) => slice(self, from, to)),
  method('indexOf', [aString], (self: string, [text]: Text, run) =>
    firstIndexOf(search(self, run), given(text), 0, run),
  ),
  method('indexOf', [aString, anInt], (self: string, [text, from]: TextAndInt, run) =>
    firstIndexOf(search(self, run), given(text), from, run),
  ),
  method('indexOf', [anInt], (self: string, [code]: readonly [number], run) => search(self, run).indexOf(char(code))),
  method('lastIndexOf', [aString], (self: string, [text]: Text, run) =>
    lastIndexOf(search(self, run), given(text), self.length, run),
  ),
  method('lastIndexOf', [aString, anInt], (self: string, [text, from]: TextAndInt, run) =>
    from < 0 ? -1 : lastIndexOf(search(self, run), given(text), from, run),
  ),
  method('lastIndexOf', [anInt], (self: string, [code]: readonly [number], run) =>
    search(self, run).lastIndexOf(char(code)),
  ),
  method(
    'contains',
    [aString],
    (self: string, [text]: Text, run) => firstIndexOf(search(self, run), given(text), 0, run) >= 0,
  ),
  method('startsWith', [aString], (self: string, [text]: Text) => self.startsWith(given(text))),
  method(
    'startsWith',
    [aString, anInt],
    (self: string, [text, at]: TextAndInt) => at >= 0 && at <= self.length && self.startsWith(given(text), at),
  ),
  method('endsWith', [aString], (self: string, [text]: Text) => self.endsWith(given(text))),
  method('equalsIgnoreCase', [aString], (self: string, [text]: Text, run) =>
    text === null ? false : fold(self, run) === fold(text, run),
  ),
  method('contentEquals', [aString], (self: string, [text]: Text) => self === given(text)),
  method('compareTo', [aString], (self: string, [text]: Text, run) => compare(self, given(text), run)),
  method('compareToIgnoreCase', [aString], (self: string, [text]: Text, run) =>
    compare(fold(self, run), fold(given(text), run), run),
  ),
  method(
    'regionMatches',
    [anInt, aString, anInt, anInt],
    (self: string, args: readonly [number, string, number, number]) =>
      sameRegion(self, given(args[1]), args[0], args[2], args[3]),
  ),
  method(
    'regionMatches',
    [aBoolean, anInt, aString, anInt, anInt],
    (self: string, [ignoreCase, at, text, from, length]: readonly [boolean, number, string, number, number], run) =>
      ignoreCase
        ? sameRegion(fold(self, run), fold(given(text), run), at, from, length)
        : sameRegion(self, given(text), at, from, length),
  ),
  method('concat', [aString], (self: string, [text]: Text, run) => made(self + given(text), run)),
  method('repeat', [anInt], (self: string, [count]: readonly [number], run) => repeat(self, count, run)),
  method('replace', [aString, aString], (self: string, [from, to]: TwoTexts, run) =>
    regex.replaceText(self, given(from), given(to), run),
  ),
  method('replace', [aChar, aChar], (self: string, [from, to]: readonly [JavaChar, JavaChar], run) =>
    regex.replaceText(self, from.value, to.value, run),
  ),
  method('replaceAll', [aString, aString], (self: string, [pattern, to]: TwoTexts, run) =>
    patterns.replace(self, given(pattern), given(to), false, run),
  ),
  method('replaceFirst', [aString, aString], (self: string, [pattern, to]: TwoTexts, run) =>
    patterns.replace(self, given(pattern), given(to), true, run),
  ),
  method('matches', [aString], (self: string, [pattern]: Text, run) => patterns.matches(self, given(pattern), run)),
  method('split', [aString], (self: string, [pattern]: Text, run) => split(self, given(pattern), 0, run)),
  method('split', [aString, anInt], (self: string, [pattern, limit]: TextAndInt, run) =>
    split(self, given(pattern), limit, run),
  ),
  method('toCharArray', [], (self: string, _, run) => {
    run.step(self.length)
    return new JavaList(
      self.split('').map((unit) => new JavaChar(unit)),
      'array',
    )
  }),
  method('toUpperCase', [], (self: string, _, run) => made(search(self, run).toUpperCase(), run)),
  method('toLowerCase', [], (self: string, _, run) => made(search(self, run).toLowerCase(), run)),
  method('trim', [], (self: string, _, run) => strip(self, (code) => code <= 0x20, 'both', run)),
  method('strip', [], (self: string, _, run) => strip(self, isWhitespace, 'both', run)),
  method('stripLeading', [], (self: string, _, run) => strip(self, isWhitespace, 'start', run)),
  method('stripTrailing', [], (self: string, _, run) => strip(self, isWhitespace, 'end', run)),
  method('intern', [], (self: string) => self),
  method('valueOf', [anyObject], (_: string, [value]: readonly [Value], run) => printed(value, run)),
  variadic('format', [aString], anyObject, (_: string, [pattern, ...args]: readonly [string, ...Value[]], run) =>
    formatText(given(pattern), args, run),
  ),
  variadic('formatted', [], anyObject, (self: string, args: readonly Value[], run) => formatText(self, args, run)),
  method('join', [aString, aCollection], (_: string, [by, items]: readonly [string, JavaCollection | null], run) =>
    join(given(by), items === null ? [] : items.items(), run),
  ),
  method('join', [aString, anArray], (_: string, [by, items]: readonly [string, JavaList], run) =>
    join(given(by), items.values, run),
  ),
  variadic('join', [aString], aString, (_: string, [by, ...items]: readonly [string, ...Value[]], run) =>
    join(given(by), items, run),
  ),
)

/** Characters of a walk in JavaScript between two looks at the budget. */
const charactersPerTick = 4_096

function given(text: string | null): string {
  if (text === null) throw new TemplateRenderError('an argument is null')
  return text
}

function char(code: number): string {
  return code >= 0 && code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffe\uffff'
}

/** The string, after taking the steps for a walk over it. */
function search(text: string, run: Run): string {
  run.characters(text.length * 2)
  return text
}

function made(text: string, run: Run): string {
  run.characters(text.length)
  return text
}

function index(at: number, length: number): number {
  if (at < 0 || at >= length) throw new TemplateRenderError(`index ${at} is out of bounds for length ${length}`)
  return at
}

function slice(text: string, from: number, to: number): string {
  if (from < 0 || to > text.length || from > to) {
    throw new TemplateRenderError(`begin ${from}, end ${to} is out of bounds for length ${text.length}`)
  }
  return text.slice(from, to)
}

/**
 * A text without its case. Java folds case character by character (String.equalsIgnoreCase), so that ß and ss stay
 * different.
 */
function fold(text: string, run: Run): string {
  run.characters(text.length * 2)
  let folded = ''
  for (let i = 0; i < text.length; i++) {
    if (i % charactersPerTick === 0) run.step(charactersPerTick >> 5)
    const upper = text.charAt(i).toUpperCase()
    folded += upper.length === 1 ? upper.toLowerCase() : text.charAt(i)
  }
  return folded
}

function compare(left: string, right: string, run: Run): number {
  const length = Math.min(left.length, right.length)
  run.characters(length * 2)
  for (let i = 0; i < length; i++) {
    if (i % charactersPerTick === 0) run.step(charactersPerTick >> 5)
    const difference = left.charCodeAt(i) - right.charCodeAt(i)
    if (difference !== 0) return difference
  }
  return left.length - right.length
}

function sameRegion(text: string, other: string, at: number, from: number, length: number): boolean {
  if (at < 0 || from < 0 || at + length > text.length || from + length > other.length) return false
  return length <= 0 || text.slice(at, at + length) === other.slice(from, from + length)
}

function repeat(text: string, count: number, run: Run): string {
  if (count < 0) throw new TemplateRenderError(`count is negative: ${count}`)
  run.characters(text.length * count)
  return text.repeat(count)
}

function split(text: string, pattern: string, limit: number, run: Run): JavaList {
  const parts = patterns.split(text, pattern, limit, run)
  return new JavaList(parts, 'array')
}

function join(by: string, items: readonly Value[], run: Run): string {
  let text = ''
  items.forEach((item, i) => {
    run.step()
    text += (i === 0 ? '' : by) + printed(item, run)
    run.limitLength(text.length)
  })
  return made(text, run)
}

function strip(text: string, drop: (code: number) => boolean, ends: 'start' | 'end' | 'both', run: Run): string {
  let from = 0
  let to = text.length
  if (ends !== 'end') while (from < to && drop(text.charCodeAt(from))) from++
  if (ends !== 'start') while (to > from && drop(text.charCodeAt(to - 1))) to--
  run.characters(8 * (from + text.length - to))
  return text.slice(from, to)
}
