import { JSONPathEnvironment, JSONPathError as P3Error } from 'json-p3'
import { ExactNumber, namesOf } from './exact-json.ts'
import { guardQuery, type Look } from './json-search.ts'

/** A JSONPath compiled at load and read once per message. */
export interface JsonPath {
  readonly source: string
  /** Whether the path names at most one place, so that `read` gives that value and not a list of matches. */
  readonly definite: boolean
  /** Names and positions from the root down, for a walk over something other than parsed JSON; null when not that plain. */
  readonly steps: readonly (string | number)[] | null
  /**
   * The value at the path, `undefined` when nothing is there. An indefinite path gives a list, empty without matches.
   * Never looks at a JavaScript prototype. Throws `JsonPathError` only when a search outgrows its bounds, or `look`,
   * which a search calls for every value and filter that it looks at, throws. Numbers may be `ExactNumber`s.
   */
  read(document: unknown, look?: Look): unknown
}

/** A path that cannot be compiled, or a search that ran out of bounds. `position` counts characters from 0. */
export class JsonPathError extends Error {
  override readonly name = 'JsonPathError'
  readonly position: number
  constructor(message: string, position: number) {
    super(message)
    this.position = position
  }
}

type Read = (document: unknown, look?: Look) => unknown
type Step = string | number | readonly string[]

/** Longest path that is compiled: paths come from definitions and, in templates, from messages. */
const maxPathLength = 1_000
/**
 * Times that `..` may stand in a path: each walks the whole document below every match, and two keep the work near its
 * size times its depth.
 */
const maxDescents = 2
const maxDescentDepth = 100
/** Values that an indefinite path may give. */
const maxMatches = 10_000
/** Values and filters that a search looks at where nobody else bounds it. */
const maxLooks = 200_000

class SearchEnvironment extends JSONPathEnvironment {
  override entries(object: Parameters<JSONPathEnvironment['entries']>[0]): ReturnType<JSONPathEnvironment['entries']> {
    if ((object as object) instanceof ExactNumber) return []
    return namesOf(object).map((name) => [name, object[name] as (typeof object)[string]])
  }
}

const search = new SearchEnvironment({ maxRecursionDepth: maxDescentDepth })
// A pattern in a path would run as a regular expression without any bound; AWS does not know these functions.
search.functionRegister.delete('match')
search.functionRegister.delete('search')

const lengthCall = /\.length\(\s*\)$/

/**
 * Compiles a path: definite ones (`$.a.b[0]['c']`) to closures of our own, anything else through json-p3 (RFC 9535).
 * `.length()` at the end works as in Jayway JsonPath (its README, "Functions"), which AWS uses; other Jayway extensions
 * are an error.
 *
 *     compileJsonPath('$.request.items[-1]').read({ request: { items: [1, 2] } }) // 2
 */
export function compileJsonPath(path: string): JsonPath {
  if (path.length > maxPathLength) throw new JsonPathError(`JSONPath is longer than ${maxPathLength} characters`, 0)
  const start = path.length - path.trimStart().length
  const trimmed = path.trim()
  if (!trimmed.startsWith('$')) throw new JsonPathError('JSONPath must start with $', start)
  const call = lengthCall.exec(trimmed)
  const core = call === null ? trimmed : trimmed.slice(0, call.index)
  const steps = readSteps(core)
  if (steps !== null) {
    const read = compileSteps(steps)
    if (call !== null)
      return { source: path, definite: true, steps: null, read: (document) => lengthOf(read(document)) }
    return { source: path, definite: true, steps: steps.every(isPlain) ? steps : null, read }
  }
  const read = compileSearch(core, start)
  const lengths: Read = (document, look) =>
    (read(document, look) as unknown[]).map(lengthOf).filter((n) => n !== undefined)
  return { source: path, definite: false, steps: null, read: call === null ? read : lengths }
}

/** The steps of a definite path, or null when it needs a search (or is wrong, which the search then reports). */
function readSteps(core: string): Step[] | null {
  const steps: Step[] = []
  let at = core.length - core.slice(1).trimStart().length
  while (at < core.length) {
    const [step, end] = (core[at] === '.' ? readName(core, at) : readBracket(core, at)) ?? [null, at]
    if (step === null) return null
    steps.push(step)
    at = end
  }
  // Jayway merges a union of names into one object, but only as the last step.
  return steps.slice(0, -1).some((step) => typeof step === 'object') ? null : steps
}

function isPlain(step: Step): step is string | number {
  return typeof step !== 'object'
}

// Jayway takes any character here that has no meaning of its own, so `$.x-y`, `$.@type` and `$.a:b` are names.
const dottedName = /\.([^\s.[\]()*'",?]+)\s*/y
const bracketIndex = /\[\s*(-?(?:0|[1-9]\d{0,9}))\s*\]\s*/y
const quotedName = /\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\s*([,\]])\s*/y

function readName(core: string, at: number): [Step, number] | null {
  dottedName.lastIndex = at
  const match = dottedName.exec(core)
  return match === null ? null : [match[1] as string, dottedName.lastIndex]
}

function readBracket(core: string, at: number): [Step, number] | null {
  bracketIndex.lastIndex = at
  const index = bracketIndex.exec(core)
  if (index !== null) return [Number(index[1]), bracketIndex.lastIndex]
  if (core[at] !== '[') return null
  const names: string[] = []
  quotedName.lastIndex = at + 1
  while (true) {
    const match = quotedName.exec(core)
    if (match === null) return null
    const name = unquote(match[1] ?? (match[2] as string))
    if (name === null) return null
    names.push(name)
    if (match[3] === ']') return [names.length === 1 ? name : names, quotedName.lastIndex]
  }
}

const escapes: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }

/** Undoes the escapes of a quoted name; null for one that RFC 9535 does not know. */
function unquote(text: string): string | null {
  if (!text.includes('\\')) return text
  let known = true
  const name = text.replace(/\\(?:u([0-9a-fA-F]{4})|(.))/gs, (_, hex: string | undefined, char: string) => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16))
    if (/["'/\\]/.test(char)) return char
    known &&= Object.hasOwn(escapes, char)
    return escapes[char] ?? ''
  })
  return known ? name : null
}

function compileSteps(steps: readonly Step[]): Read {
  const [first, second, ...more] = steps.map(compileStep)
  if (first === undefined) return (document) => document
  if (second === undefined) return first
  if (more.length === 0) return (document) => second(first(document))
  const rest = [second, ...more]
  return (document) => {
    let value = first(document)
    for (const step of rest) value = step(value)
    return value
  }
}

function compileStep(step: Step): Read {
  if (typeof step === 'number') {
    return step < 0
      ? (value) => (Array.isArray(value) ? value[value.length + step] : undefined)
      : (value) => (Array.isArray(value) ? value[step] : undefined)
  }
  if (typeof step === 'string') return (value) => member(value, step)
  return (value) => {
    if (!isObject(value)) return undefined
    return Object.fromEntries(step.filter((name) => Object.hasOwn(value, name)).map((name) => [name, value[name]]))
  }
}

function member(value: unknown, name: string): unknown {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber)
}

function lengthOf(value: unknown): number | undefined {
  if (Array.isArray(value)) return value.length
  return isObject(value) ? Object.keys(value).length : undefined
}

function compileSearch(core: string, start: number): Read {
  if (core.split('..').length - 1 > maxDescents) {
    throw new JsonPathError(`JSONPath has more than ${maxDescents} '..'`, start)
  }
  let look: Look = () => {}
  const tooDeep = () => new JsonPathError(`more than ${maxDescentDepth} levels of nesting`, 0)
  const query = guarded(start, () => search.compile(core))
  guardQuery(query, () => look(), maxDescentDepth, tooDeep)
  return (document, ownLook = boundedLook()) =>
    guarded(0, () => {
      look = ownLook
      const values: unknown[] = []
      for (const node of query.lazyQuery(document as Parameters<typeof query.lazyQuery>[0])) {
        if (values.push(node.value) > maxMatches) throw new JsonPathError(`more than ${maxMatches} matches`, 0)
      }
      return values
    })
}

function boundedLook(): Look {
  let left = maxLooks
  return () => {
    if (--left < 0) throw new JsonPathError(`a search looks at more than ${maxLooks} values`, 0)
  }
}

/** Runs json-p3 and translates whatever it throws: its own errors carry a token, the rest is a fault without one. */
function guarded<T>(offset: number, run: () => T): T {
  try {
    return run()
  } catch (error) {
    if (error instanceof JsonPathError) throw error
    const position = error instanceof P3Error ? error.token.index + offset : offset
    throw new JsonPathError(error instanceof Error ? error.message : String(error), position)
  }
}
