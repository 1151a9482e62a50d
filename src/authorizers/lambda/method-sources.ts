import type { MethodRequest } from '../contract.ts'
import type { IdentityValues } from './answer-cache.ts'

/** The spelling of identity sources: `method.request.header.X` in REST APIs, `$request.header.X` in HTTP APIs. */
export type SourceSpelling = 'rest' | 'http'

/** Reads one source: all of its values in their order; empty for none. */
type ReadSource = (request: MethodRequest) => readonly string[]

/** Identity sources, compiled; or a fault for each that can't be one. */
export type MethodSources =
  | { readonly faults: null; readonly read: (request: MethodRequest) => IdentityValues | null }
  | { readonly faults: readonly { readonly index: number; readonly message: string }[] }

const prefixes = {
  rest: ['method.request.header.', 'method.request.querystring.', 'stageVariables.', 'context.'],
  http: ['$request.header.', '$request.querystring.', '$stageVariables.', '$context.'],
} as const

/**
 * Compiles identity sources. What they read of a request is null as soon as one is missing, or its last value empty
 * ("Authorizer", `identitySource`, in the references of both versions). All values of a name are read: the
 * function sees them all, and what is remembered must be of nobody else.
 */
export function compileMethodSources(sources: readonly string[], spelling: SourceSpelling): MethodSources {
  const faults: { index: number; message: string }[] = []
  const readers = sources.flatMap((source, index) => {
    const kind = prefixes[spelling].findIndex((prefix) => source.startsWith(prefix))
    const name = source.slice(prefixes[spelling][kind]?.length ?? 0)
    const readerOf = makers[kind]
    if (readerOf !== undefined && /^[\w!#$%&'*+.^`|~-]+$/.test(name)) return [readerOf(name)]
    faults.push({ index, message: `allowed: ${prefixes[spelling].map((prefix) => `${prefix}<name>`).join(', ')}` })
    return []
  })
  if (faults.length > 0) return { faults }
  return {
    faults: null,
    read(request) {
      const values: (readonly string[])[] = []
      for (const readSource of readers) {
        const found = readSource(request)
        if ((found.at(-1) ?? '') === '') return null
        values.push(found)
      }
      return values
    },
  }
}

/** Makes the reader of a name, in the order of the prefixes. */
const makers: readonly ((name: string) => ReadSource)[] = [
  (name) => {
    const lowerCase = name.toLowerCase()
    return ({ headers }) => valuesOf(headers, (each) => each.toLowerCase() === lowerCase)
  },
  (name) => (request) => valuesOf(request.query, (each) => each === name),
  (name) => (request) => oneOf(Object.hasOwn(request.stageVariables, name) ? request.stageVariables[name] : null),
  (name) => (request) => oneOf(request.contextVariable(name)),
]

function valuesOf(pairs: MethodRequest['headers'], isMeant: (name: string) => boolean): string[] {
  return pairs.filter(([name]) => isMeant(name)).map(([, value]) => value)
}

function oneOf(value: string | null | undefined): readonly string[] {
  return value === null || value === undefined ? [] : [value]
}
