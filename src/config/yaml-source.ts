import { readFile, stat } from 'node:fs/promises'
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument } from 'yaml'
import { createFault, type Fault, type Finding, shorten } from './faults.ts'

/** A definition is written by people; this holds hundreds of templates and keeps parsing in seconds. */
const maxFileBytes = 4_194_304
/** Aliases multiply what they stand for: `yaml` refuses to expand more than this. */
const maxAliases = 100

/** A YAML file with the places of its values. */
export interface YamlSource {
  /** As it is shown to people. */
  readonly file: string
  /** Plain objects and lists; may hold itself where an alias stands inside its anchor. */
  readonly value: unknown
  /** Where a finding about this file stands. */
  locate(finding: Finding): Fault
}

export interface YamlRead {
  /** Null when the file cannot be read or is not YAML. */
  readonly source: YamlSource | null
  readonly faults: readonly Fault[]
}

export async function readYamlFile(file: string): Promise<YamlRead> {
  try {
    const { size } = await stat(file)
    if (size > maxFileBytes) {
      return refused(file, { path: [], found: `${size} bytes`, allowed: `at most ${maxFileBytes} bytes` })
    }
    return parseYaml(file, new TextDecoder('utf-8', { fatal: true }).decode(await readFile(file)))
  } catch (error) {
    return refused(file, { path: [], problem: readProblem(error) })
  }
}

/** Why a file or folder could not be read, without the path: that stands before it. */
export function readProblem(error: unknown): string {
  if (error instanceof TypeError) return 'not UTF-8 text'
  const code = (error as NodeJS.ErrnoException).code
  if (code === 'ENOENT') return 'no such file or folder'
  if (code === 'EACCES' || code === 'EPERM') return 'this user may not read it'
  if (code === 'EISDIR') return 'a folder, not a file'
  if (code === 'ENOTDIR') return 'not a folder'
  return `cannot be read (${code ?? 'unknown error'})`
}

/** Reads YAML text. Syntax faults leave no source; duplicate keys are faults and the rest is still read. */
export function parseYaml(file: string, text: string): YamlRead {
  const lineCounter = new LineCounter()
  try {
    // prettyErrors would quote lines of the file, and with them whatever secrets stand there.
    const document = parseDocument(text, { lineCounter, prettyErrors: false, stringKeys: true })
    const faults = [...document.errors, ...document.warnings].map((error) => {
      const { line, col } = lineCounter.linePos(error.pos[0])
      return createFault(
        { file, line, column: col },
        syntaxFinding(error.code, error.message, text.slice(error.pos[0])),
      )
    })
    if (document.errors.some((error) => error.code !== 'DUPLICATE_KEY')) return { source: null, faults }
    const value: unknown = document.toJS({ maxAliasCount: maxAliases })
    return { source: { file, value, locate: (finding) => locate(file, document, lineCounter, finding) }, faults }
  } catch (error) {
    // Nesting beyond the stack is a RangeError, too many aliases are a ReferenceError.
    const problem =
      error instanceof RangeError
        ? 'nested too deeply'
        : error instanceof ReferenceError
          ? 'too many aliases (*name)'
          : null
    if (problem === null) throw error
    return refused(file, { path: [], problem })
  }
}

function syntaxFinding(code: string, message: string, source: string): Finding {
  if (code === 'DUPLICATE_KEY') {
    const key = /^("[^"\n]*"|'[^'\n]*'|[^:\n]*)/.exec(source)?.[0] ?? ''
    return { path: [], problem: `${shorten(key.trim())} stands in this map twice` }
  }
  return { path: [], problem: `not valid YAML: ${message}` }
}

function refused(file: string, finding: Finding): YamlRead {
  return { source: null, faults: [createFault({ file }, finding)] }
}

/**
 * A fault stands at its value; at its key when the key is wrong or has no value; and where the value is missing
 * altogether at the key of what should hold it.
 */
function locate(file: string, document: Document, lineCounter: LineCounter, finding: Finding): Fault {
  const { line, col } = lineCounter.linePos(offsetOf(document, finding))
  return createFault({ file, line, column: col }, finding)
}

function offsetOf(document: Document, { path, atKey }: Finding): number {
  let node = resolved(document, document.contents)
  let offset = node?.range?.[0] ?? 0
  for (const [index, step] of path.entries()) {
    const child = childOf(node, step)
    if (child === null) return offset
    const value = resolved(document, child.value)
    const wantsKey = child.key !== null && ((index === path.length - 1 && atKey === true) || isBlank(value))
    // What comes next may be missing: then this key is the place.
    const isLast = index === path.length - 1
    offset = start(wantsKey || !isLast ? (child.key ?? child.value) : child.value) ?? offset
    node = value
  }
  return offset
}

interface Child {
  readonly key: Node | null
  readonly value: Node | null
}

function childOf(node: Node | null, step: string | number): Child | null {
  if (isSeq(node)) {
    const item = typeof step === 'number' ? node.items[step] : undefined
    return item === undefined ? null : { key: null, value: item as Node }
  }
  if (!isMap(node)) return null
  // The last of duplicates is the one whose value was read.
  const pair = node.items.findLast((each: Pair) => isScalar(each.key) && String(each.key.value ?? '') === String(step))
  return pair === undefined ? null : { key: pair.key as Node, value: pair.value as Node | null }
}

function resolved(document: Document, node: Node | null): Node | null {
  return isAlias(node) ? (node.resolve(document) ?? null) : node
}

function isBlank(node: Node | null): boolean {
  return node === null || (isScalar(node) && node.value === null && node.source === '')
}

function start(node: Node | null): number | undefined {
  return node?.range?.[0]
}
