import { isIP } from 'node:net'
import { networksOf } from '../vocabulary/networks.ts'
import { type Field, parseFilter, type Term } from './parse-filter.ts'

/** The facts about a connection that a filter may ask for. */
export interface FilterSubject {
  readonly userId?: string | null | undefined
  readonly sourceIp: string
  readonly userAgent: string | null
  readonly attributes?: Readonly<Record<string, string>> | null | undefined
}

/** Says whether a connection is meant; never throws, in a time that its facts and the filter's length bound. */
export type Filter = (subject: FilterSubject) => boolean

/** A filter that is well-formed, or one sentence that says what is wrong with it, and where. */
export type CompiledFilter =
  | { readonly fault: null; readonly matches: Filter }
  | { readonly fault: string; readonly matches: null }

/** Filters that were compiled: whoever sends often sends with the same few. */
const known = new Map<string, CompiledFilter>()
const maxKnown = 256

/** Compiles a filter expression (docs/groups.md, "Filters"), once as long as it is among those that are remembered. */
export function compileFilter(text: string): CompiledFilter {
  const found = known.get(text)
  if (found !== undefined) return found
  const compiled = compile(text)
  if (compiled.fault !== null) return compiled
  if (known.size >= maxKnown) known.clear()
  known.set(text, compiled)
  return compiled
}

function compile(text: string): CompiledFilter {
  const parsed = parseFilter(text)
  return 'fault' in parsed ? { fault: parsed.fault, matches: null } : { fault: null, matches: compileTerm(parsed) }
}

/** The filter of a text that was found well-formed somewhere; nobody is meant by one that is not. */
export function filterOf(text: string): Filter {
  return compileFilter(text).matches ?? nobody
}

const nobody: Filter = () => false

function compileTerm(term: Term): Filter {
  switch (term.kind) {
    case 'and': {
      const all = term.terms.map(compileTerm)
      return (subject) => all.every((each) => each(subject))
    }
    case 'or': {
      const any = term.terms.map(compileTerm)
      return (subject) => any.some((each) => each(subject))
    }
    case 'not': {
      const inner = compileTerm(term.term)
      return (subject) => !inner(subject)
    }
    case 'exists': {
      const read = reader(term.field)
      return (subject) => read(subject) !== null
    }
    case 'startsWith':
    case 'contains': {
      const read = reader(term.field)
      const { text, kind } = term
      return kind === 'contains'
        ? (subject) => read(subject)?.includes(text) === true
        : (subject) => read(subject)?.startsWith(text) === true
    }
    case 'in':
      return compileIn(term.field, term.texts)
  }
}

/** One of several texts, or, for an address, in one of several networks. */
function compileIn(field: Field, texts: readonly string[]): Filter {
  const read = reader(field)
  const equal = new Set(texts)
  const spans = field.name === 'sourceIp' ? texts.filter((text) => text.includes('/')) : []
  const networks = networksOf(spans)
  if (spans.length === 0) return (subject) => isOneOf(equal, read(subject))
  return ({ sourceIp }) => equal.has(sourceIp) || networks.check(sourceIp, isIP(sourceIp) === 6 ? 'ipv6' : 'ipv4')
}

function isOneOf(texts: ReadonlySet<string>, value: string | null): boolean {
  return value !== null && texts.has(value)
}

function reader({ name, attribute }: Field): (subject: FilterSubject) => string | null {
  switch (name) {
    case 'userId':
      return ({ userId }) => userId ?? null
    case 'sourceIp':
      return ({ sourceIp }) => sourceIp
    case 'userAgent':
      return ({ userAgent }) => userAgent
    case 'attributes':
      return ({ attributes }) =>
        attributes && Object.hasOwn(attributes, attribute) ? (attributes[attribute] ?? null) : null
  }
}
