import type { Budget } from './budget.ts'
import { firstIndexOf } from './literal-search.ts'
import { Machine } from './machine.ts'
import { parsePattern } from './parse.ts'
import { PatternError } from './pattern-error.ts'
import { type CompiledPattern, compilePattern } from './program.ts'

/** Compiled patterns by their text. Patterns in templates are nearly always literals, so few are in use at a time. */
const cache = new Map<string, CompiledPattern>()
const maxCached = 200

function compiled(pattern: string, run: Budget): CompiledPattern {
  run.step(1 + (pattern.length >> 2))
  const known = cache.get(pattern)
  if (known !== undefined) return known
  const made = compilePattern(parsePattern(pattern))
  run.step(made.program.length)
  if (cache.size >= maxCached) cache.clear()
  cache.set(pattern, made)
  return made
}

/** Java's String.matches: the pattern has to cover the whole text. */
export function matches(text: string, pattern: string, run: Budget): boolean {
  const { program, ...rest } = compiled(pattern, run)
  return new Machine({ program, ...rest }, text, run).matchAt(program, 0, true) !== null
}

/**
 * Compiles a pattern once, for load time, to a test that it covers a whole text. Throws `PatternError` for what Java, or
 * this engine, does not take.
 */
export function compileWhole(pattern: string): (text: string, run: Budget) => boolean {
  const made = compilePattern(parsePattern(pattern))
  return (text, run) => new Machine(made, text, run).matchAt(made.program, 0, true) !== null
}

/**
 * Compiles a pattern once, for load time, to a test that it covers some part of a text; one that is `anchored` is only
 * tried at the beginning. Throws `PatternError` for what Java, or this engine, does not take.
 */
export function compilePart(pattern: string, anchored = false): (text: string, run: Budget) => boolean {
  const made = compilePattern(parsePattern(pattern))
  if (anchored) return (text, run) => new Machine(made, text, run).matchAt(made.program, 0, false) !== null
  return (text, run) => find(text, made, run).next().done !== true
}

interface Found {
  readonly start: number
  readonly end: number
  /** The text of a group; undefined for one that took no part. */
  group(index: number): string | undefined
}

function* find(text: string, pattern: CompiledPattern, run: Budget): Generator<Found> {
  const machine = pattern.literal === null ? new Machine(pattern, text, run) : null
  let at = 0
  while (at <= text.length) {
    const slots =
      machine === null ? literalAt(text, pattern.literal ?? '', at, run) : machineFrom(machine, pattern, text, at)
    if (slots === null) return
    const [start, end] = [slots[0] as number, slots[1] as number]
    run.step(8)
    yield {
      start,
      end,
      group: (index) => {
        const from = slots[2 * index] as number
        const to = slots[2 * index + 1] as number
        return from < 0 || to < 0 ? undefined : text.slice(from, to)
      },
    }
    at = end > start ? end : end + 1
  }
}

function literalAt(text: string, literal: string, from: number, run: Budget): readonly number[] | null {
  const at = firstIndexOf(text, literal, from, run)
  run.characters(at < 0 ? text.length - from : at - from)
  return at < 0 ? null : [at, at + literal.length]
}

function machineFrom(machine: Machine, pattern: CompiledPattern, text: string, from: number): Int32Array | null {
  for (let at = from; at <= text.length; at++) {
    const slots = machine.matchAt(pattern.program, at, false)
    if (slots !== null) return slots
  }
  return null
}

/** Java's String.replace, with its growth counted before it happens. */
export function replaceText(text: string, from: string, to: string, run: Budget): string {
  run.characters(text.length * 2)
  let result = ''
  let last = 0
  for (
    let at = firstIndexOf(text, from, 0, run);
    at >= 0;
    at = firstIndexOf(text, from, at + Math.max(1, from.length), run)
  ) {
    run.step()
    run.characters(to.length)
    result += text.slice(last, at) + to
    run.limitLength(result.length)
    last = at + from.length
    if (at === text.length) break
  }
  return result + text.slice(last)
}

/**
 * Java's String.replaceAll and, with `once`, String.replaceFirst: `$1` and `${name}` stand for groups, a backslash
 * quotes (java.util.regex.Matcher, appendReplacement).
 */
export function replace(text: string, pattern: string, replacement: string, once: boolean, run: Budget): string {
  const program = compiled(pattern, run)
  if (program.literal !== null && !once && !/[\\$]/.test(replacement)) {
    return replaceText(text, program.literal, replacement, run)
  }
  // Read at the first match: without one Java does not mind a replacement that makes no sense.
  let parts: readonly (string | number)[] | null = null
  let result = ''
  let last = 0
  for (const found of find(text, program, run)) {
    parts ??= replacementParts(replacement, program, run)
    let piece = text.slice(last, found.start)
    for (const part of parts) piece += typeof part === 'string' ? part : (found.group(part) ?? '')
    result += piece
    run.characters(piece.length)
    run.limitLength(result.length)
    last = found.end
    if (once) break
  }
  return result + text.slice(last)
}

/** The parts of a replacement: texts, and numbers of groups. */
function replacementParts(
  replacement: string,
  { groups, names }: CompiledPattern,
  run: Budget,
): readonly (string | number)[] {
  run.step(replacement.length >> 2)
  const parts: (string | number)[] = []
  const add = (text: string): void => {
    const last = parts.at(-1)
    if (typeof last === 'string') parts[parts.length - 1] = last + text
    else parts.push(text)
  }
  let at = 0
  while (at < replacement.length) {
    const char = replacement[at++] as string
    if (char === '\\') {
      if (at === replacement.length) throw new PatternError('replacement ends with a backslash')
      add(replacement[at++] as string)
    } else if (char !== '$') add(char)
    else {
      const named = /^\{([A-Za-z][A-Za-z0-9]*)\}/.exec(replacement.slice(at, at + 200))
      const [group, length] =
        named === null ? groupNumber(replacement, at, groups) : [names.get(named[1] as string), named[0].length]
      if (group === undefined || group > groups) throw new PatternError('replacement refers to no group')
      parts.push(group)
      at += length
    }
  }
  return parts
}

function groupNumber(replacement: string, start: number, groups: number): [number | undefined, number] {
  let group: number | undefined
  let at = start
  while (/\d/.test(replacement[at] ?? '')) {
    const longer = (group ?? 0) * 10 + Number(replacement[at])
    if (group !== undefined && longer > groups) break
    group = longer
    at++
  }
  return [group, at - start]
}

/** Java's String.split: without a limit, empty strings at the end are dropped (java.util.regex.Pattern, split). */
export function split(text: string, pattern: string, limit: number, run: Budget): string[] {
  const parts: string[] = []
  let last = 0
  for (const { start, end } of find(text, compiled(pattern, run), run)) {
    if (limit > 0 && parts.length === limit - 1) break
    // A match of nothing at the very beginning gives no empty string.
    if (end === 0) continue
    parts.push(text.slice(last, start))
    last = end
  }
  if (parts.length === 0) return [text]
  parts.push(text.slice(last))
  if (limit === 0) while (parts.length > 0 && parts.at(-1) === '') parts.pop()
  return parts
}
