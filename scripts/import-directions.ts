/**
 * The import directions between the rooms of src/ as data, and what breaks them. `X!` is the contracts of X alone:
 * `X/contract.ts` and `X/…-contract.ts`. Every room may also import itself, vocabulary/ and the workspaces of
 * `workspaces`.
 */
export const directions: Readonly<Record<string, readonly string[] | 'every room'>> = {
  cli: ['app', 'config'],
  app: 'every room',
  gateway: [
    'events',
    'filters',
    'responses',
    'stages',
    'limits',
    'transport!',
    'authorizers!',
    'integrations!',
    'models!',
    'usage!',
    'revocations!',
    'registry!',
    'observability!',
  ],
  rest: [
    'events',
    'responses',
    'stages',
    'routing',
    'limits!',
    'transport!',
    'authorizers!',
    'integrations!',
    'revocations!',
    'observability!',
  ],
  // @groups, @users, @batch and @reports, let in as calls of @connections are.
  groups: [
    'connections',
    'filters',
    'idempotency!',
    'events',
    'responses',
    'limits!',
    'transport!',
    'authorizers!',
    'registry!',
    'observability!',
  ],
  connections: [
    'idempotency!',
    'events',
    'responses',
    'limits!',
    'transport!',
    'authorizers!',
    'registry!',
    'observability!',
  ],
  management: ['transport!', 'authorizers!', 'usage!', 'revocations!', 'registry!', 'observability!'],
  supervisor: ['orphans', 'observability!'],
  deployments: ['config', 'stages', 'usage!', 'observability!'],
  // A route of a stage carries its bucket and its counters, made once at load.
  stages: [
    'events',
    'config',
    'routing',
    'mapping',
    'limits',
    'models',
    'policies',
    'usage!',
    'integrations!',
    'authorizers!',
    'functions!',
    'observability!',
  ],
  integrations: [
    'events',
    'mapping',
    'routing',
    'filters',
    'limits',
    'functions!',
    'backends',
    'registry!',
    'observability!',
  ],
  functions: ['backends', 'orphans', 'observability!'],
  backends: ['events'],
  transport: ['responses', 'limits', 'observability!'],
  registry: ['limits', 'observability!', 'store!'],
  store: [],
  orphans: [],
  limits: ['observability!', 'store!'],
  // API keys, usage plans and quotas.
  usage: ['limits', 'observability!', 'store'],
  // Answers to calls that may come again.
  idempotency: ['observability!', 'store'],
  // Tokens, users and API keys that are not let in any more.
  revocations: ['observability!', 'store'],
  authorizers: ['events', 'policies', 'functions!', 'backends', 'transport!', 'observability!'],
  // IAM's policy language: of callers, of authorizers' answers, of APIs.
  policies: [],
  // Expressions that choose connections.
  filters: [],
  // JSON Schema: of messages now, and of whatever has a body.
  models: ['routing'],
  routing: [],
  mapping: ['events'],
  config: ['policies', 'routing', 'usage!'],
  observability: ['events'],
  events: [],
  responses: [],
  vocabulary: [],
}

/**
 * The workspaces beside src/ by their folder: the name of the package, and the folders whose sources may import it:
 * `src`, or that of another workspace.
 */
const workspaces: Readonly<Record<string, Workspace>> = {
  documents: { name: 'postern-documents', importedBy: ['src', 'load'] },
  // It knows of the gateway only what any client knows, and the gateway runs without it.
  load: { name: 'postern-load', importedBy: [], onlyWhenAsked: 'src/cli/load.ts' },
}

interface Workspace {
  readonly name: string
  readonly importedBy: readonly string[]
  /** The one file that may import it with `import(…)`. */
  readonly onlyWhenAsked?: string
}

/** The folders whose sources are checked. */
export const checkedFolders: readonly string[] = ['src', ...Object.keys(workspaces).map((each) => `${each}/src`)]

/** Packages that one room alone may import. */
const ownedPackages: Readonly<Record<string, string>> = { 'uWebSockets.js': 'transport', ioredis: 'store' }

/** Sources by their path in the repository: `src/gateway/message.ts`, `documents/src/faults.ts`. */
export type Tree = ReadonlyMap<string, string>

/** Every import that breaks the directions and every ring, a line each. */
export function importFaults(tree: Tree): string[] {
  const imports = new Map([...tree].map(([file, source]) => [file, importsOf(file, source)]))
  const faults = [...imports].flatMap(([file, found]) =>
    found.flatMap((each) => directionFault(file, each, tree) ?? []),
  )
  return [...faults, ...ringFaults(imports)]
}

interface Import {
  readonly line: number
  readonly specifier: string
  /** The path in the repository; null for a package from elsewhere. */
  readonly target: string | null
  /** Whether it is an `import(…)`. */
  readonly isDynamic: boolean
}

const statement =
  /^[ \t]*(?:import|export)\b[^'"`;]*?\bfrom\s*(['"])(.+?)\1|^[ \t]*import\s*(['"])(.+?)\3|\bimport\(\s*(['"])(.+?)\5/gm

function importsOf(file: string, source: string): Import[] {
  const code = withoutComments(source)
  return [...code.matchAll(statement)].map((match) => {
    const specifier = (match[2] ?? match[4] ?? match[6]) as string
    const line = code.slice(0, match.index + match[0].length).split('\n').length
    return { line, specifier, target: targetOf(file, specifier), isDynamic: match[6] !== undefined }
  })
}

/** Blanks comments that stand on lines of their own, so that examples in them are no imports; lines keep their numbers. */
function withoutComments(source: string): string {
  return source
    .replace(/^[ \t]*\/\*[\s\S]*?\*\//gm, (comment) => comment.replace(/[^\n]/g, ''))
    .replace(/^[ \t]*\/\/.*$/gm, '')
}

function targetOf(file: string, specifier: string): string | null {
  // What is copied into the build as it stands names a module as the build does.
  if (specifier.startsWith('.'))
    return resolve(file, file.endsWith('.cjs') ? specifier.replace(/\.js$/, '.ts') : specifier)
  const slash = specifier.indexOf('/')
  const folder = Object.keys(workspaces).find((each) => workspaces[each]?.name === specifier.slice(0, slash))
  return folder === undefined ? null : `${folder}/src/${specifier.slice(slash + 1)}.ts`
}

function resolve(file: string, specifier: string): string {
  const parts = file.split('/').slice(0, -1)
  for (const step of specifier.split('/')) {
    if (step === '..') {
      if (parts.pop() === undefined) return `../${specifier}`
    } else if (step !== '.') parts.push(step)
  }
  return parts.join('/')
}

function directionFault(file: string, { line, specifier, target, isDynamic }: Import, tree: Tree): string | null {
  const at = `${file}:${line}`
  const from = placeOf(file)
  const allowed = from.home !== 'src' ? [] : Object.hasOwn(directions, from.room) ? directions[from.room] : undefined
  if (allowed === undefined) return `${at}: ${from.room} is no room: give it a line in scripts/import-directions.ts`
  if (target === null) {
    const owner = Object.hasOwn(ownedPackages, specifier) ? ownedPackages[specifier] : undefined
    return owner === undefined || owner === from.room ? null : `${at}: only ${owner} may import ${specifier}`
  }
  const to = placeOf(target)
  if (specifier.startsWith('.') && to.home !== from.home) return `${at}: ${specifier} is outside of ${from.sources}`
  if (!tree.has(target)) return `${at}: ${specifier} does not exist`
  if (to.home !== from.home) {
    const { importedBy, onlyWhenAsked } = workspaces[to.home] as Workspace
    if (importedBy.includes(from.home) || (isDynamic && onlyWhenAsked === file)) return null
    return `${at}: ${from.home} may not import ${to.home} (${specifier})`
  }
  if (to.room === from.room || to.room === 'vocabulary') return null
  if (allowed === 'every room' || allowed.includes(to.room)) return null
  if (!allowed.includes(`${to.room}!`)) return `${at}: ${from.room} may not import ${to.room} (${specifier})`
  if (isContract.test(target)) return null
  return `${at}: ${from.room} may import contracts of ${to.room} only (${specifier})`
}

const isContract = /^src\/[\w-]+\/(?:[a-z-]+-)?contract\.ts$/

interface Place {
  /** `src`, or the folder of a workspace. */
  readonly home: string
  /** The folder of the home's sources: `src/`, `documents/src/`. */
  readonly sources: string
  /** The room of a file in src/; of a workspace, which is one room, its folder. */
  readonly room: string
}

function placeOf(file: string): Place {
  const [home = '', next = ''] = file.split('/')
  if (home === 'src') return { home, sources: 'src/', room: next }
  return { home: next === 'src' ? home : file, sources: `${home}/src/`, room: home }
}

/** One ring for every knot of files that reach each other, type imports included: the shortest through its first file. */
function ringFaults(imports: ReadonlyMap<string, readonly Import[]>): string[] {
  const next = (file: string) => (imports.get(file) ?? []).flatMap(({ target }) => (target === null ? [] : [target]))
  const inRing = new Set<string>()
  const faults: string[] = []
  for (const file of [...imports.keys()].sort()) {
    if (inRing.has(file)) continue
    const ring = shortestRing(file, next)
    if (ring === null) continue
    const knot = knotOf(file, next)
    for (const each of knot) inRing.add(each)
    const size = knot.length > ring.length ? ` (${knot.length} files reach each other)` : ''
    faults.push(`ring: ${[...ring, file].join(' → ')}${size}`)
  }
  return faults
}

function shortestRing(start: string, next: (file: string) => string[]): string[] | null {
  const paths: string[][] = [[start]]
  const seen = new Set<string>()
  for (const path of paths) {
    for (const file of next(path.at(-1) as string)) {
      if (file === start) return path
      if (!seen.has(file)) paths.push([...path, file])
      seen.add(file)
    }
  }
  return null
}

/** The files that `start` reaches and that reach `start`. */
function knotOf(start: string, next: (file: string) => string[]): string[] {
  const reached = reachOf(start, next)
  return [...reached].filter((file) => reachOf(file, next).has(start))
}

function reachOf(start: string, next: (file: string) => string[]): Set<string> {
  const reached = new Set<string>()
  const queue = [start]
  for (const file of queue) {
    for (const each of next(file)) {
      if (!reached.has(each)) queue.push(each)
      reached.add(each)
    }
  }
  return reached
}
