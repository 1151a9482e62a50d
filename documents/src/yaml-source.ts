import { readFile, stat } from 'node:fs/promises'
import {
  type Document,
  type ErrorCode,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type Scalar,
  visit,
} from 'yaml'
import { createFault, type Fault, type Finding, shorten } from './faults.ts'

/**
 * Bytes of the largest file: a definition is written by people, and this holds hundreds of templates and keeps parsing
 * in seconds.
 */
const maxFileBytes = 4_194_304
/** Aliases that may stand in a file: they multiply what they stand for, and `yaml` does not expand them to more. */
const maxAliases = 100
/** Levels of nesting that a file may have; definitions have eight or so. */
const maxDepth = 64
/** Syntax faults that are reported: one slip can make a fault of every line after it. */
const maxSyntaxFaults = 20

/** A YAML file with the places of its values. */
export interface YamlSource {
  /** The file as it is shown to people. */
  readonly file: string
  /** The document as plain objects and lists, of bounded depth. */
  readonly value: unknown
  /** Puts a finding about this file in its place. */
  locate(finding: Finding): Fault
}

export interface YamlRead {
  /** The source; null when the file cannot be read or is not YAML. */
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

/** The reason why a file or folder could not be read, without the path: that stands before it. */
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
    const findings = [...syntaxFindings(document, text, lineCounter), ...aliasFindings(document)]
    const faults = findings.slice(0, maxSyntaxFaults).map(({ offset, finding }) => {
      const { line, col } = lineCounter.linePos(offset)
      return createFault({ file, line, column: col }, finding)
    })
    if (findings.some(({ isFatal }) => isFatal)) return { source: null, faults }
    const value: unknown = document.toJS({ maxAliasCount: maxAliases })
    if (isDeeperThan(value, maxDepth)) return refused(file, tooDeep)
    return { source: { file, value, locate: (finding) => locate(file, document, lineCounter, finding) }, faults }
  } catch (error) {
    if (error instanceof RangeError) return refused(file, tooDeep)
    // What `yaml` throws when aliases outgrow maxAliasCount.
    if (error instanceof ReferenceError) return refused(file, { path: [], problem: 'too many aliases (*name)' })
    throw error
  }
}

const tooDeep: Finding = { path: [], problem: 'nested too deeply' }

interface SyntaxFinding {
  readonly offset: number
  readonly finding: Finding
  /** Whether nothing can be read of a file with this fault. */
  readonly isFatal: boolean
}

function syntaxFindings(document: Document.Parsed, text: string, lineCounter: LineCounter): SyntaxFinding[] {
  return [...document.errors, ...document.warnings].map(({ code, message, pos }) => {
    // The parser catches what its own recursion throws.
    if (/call stack/i.test(message)) throw new RangeError(message)
    const [offset] = pos
    if (code !== 'DUPLICATE_KEY') {
      return { offset, finding: { path: [], ...syntaxProblem(code, message, text.slice(offset)) }, isFatal: true }
    }
    const key = /^("[^"\n]*"|'[^'\n]*'|[^:\n]*)/.exec(text.slice(offset))?.[0] ?? ''
    const first = firstOfTwins(document, offset)
    const where = first === null ? '' : `; line ${lineCounter.linePos(first).line} has it already`
    const problem = `${shorten(key.trim())} stands in this map twice${where}`
    return { offset, finding: { path: [], problem }, isFatal: false }
  })
}

/** Says what is not valid, and how it may be written, where the parser's words do not tell; `rest` begins at its place. */
function syntaxProblem(code: ErrorCode, message: string, rest: string): Omit<Finding, 'path'> {
  switch (code) {
    case 'TAB_AS_INDENT':
      return { problem: 'not valid YAML: a tab indents this line', allowed: 'spaces' }
    case 'BLOCK_IN_FLOW':
    case 'BLOCK_AS_IMPLICIT_KEY': {
      const [, name, value] = /^([^\s:,{}[\]"']+):[ \t]+([^\s:,{}[\]"']+)/.exec(rest) ?? []
      if (name === undefined) break
      return {
        problem: 'not valid YAML: a colon and a space inside of a value make a map of it',
        allowed: 'the value in quotes, or without the space',
        suggestion: `${shorten(name)}:${shorten(value ?? '')}`,
      }
    }
  }
  return { problem: `not valid YAML: ${message}` }
}

/** Finds where the first of two equal keys of a map stands, the second of which is at `offset`. */
function firstOfTwins(document: Document, offset: number): number | null {
  let first: number | null = null
  visit(document, {
    Map(_, { items }) {
      const twin = items.find(({ key }) => isScalar(key) && key.range?.[0] === offset)
      if (twin === undefined) return undefined
      const { value } = twin.key as Scalar
      const same = items.find(({ key }) => isScalar(key) && key.value === value)
      first = start(same?.key as Node) ?? null
      return visit.BREAK
    },
  })
  return first
}

function aliasFindings(document: Document): SyntaxFinding[] {
  const findings: SyntaxFinding[] = []
  let aliases = 0
  visit(document, {
    Alias(_, alias) {
      // Each look-up walks the document.
      if (++aliases > maxAliases) throw new ReferenceError('too many aliases')
      if (alias.resolve(document) !== undefined) return
      const problem = `*${alias.source} stands for nothing: no &${alias.source} before it`
      findings.push({ offset: alias.range?.[0] ?? 0, finding: { path: [], problem }, isFatal: true })
    },
  })
  return findings
}

/** Whether a value nests deeper; also true for one that holds itself, through an alias inside of its own anchor. */
function isDeeperThan(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return depth === 0 || Object.values(value).some((each) => isDeeperThan(each, depth - 1))
}

function refused(file: string, finding: Finding): YamlRead {
  return { source: null, faults: [createFault({ file }, finding)] }
}

/**
 * Puts a finding in its place. A fault stands at its value; at its key when the key is wrong or has no value; and where
 * the value is missing altogether at the key of what should hold it.
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
