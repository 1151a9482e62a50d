import { readFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A place in the code of a function. */
export interface CodePlace {
  /** The absolute path. */
  readonly file: string
  readonly line: number
  readonly column: number
}

const ownFolder = dirname(fileURLToPath(import.meta.url))

/**
 * Finds the place that an error of Node.js speaks of, in its JSON text or in what Node.js writes on stderr: the first
 * line of a syntax error, the import of a missing module, or else the first line of the stack that is not Node's or
 * ours. Null when there is none.
 */
export function codePlace(text: string): CodePlace | null {
  const lines = linesOf(text)
  const [first = ''] = lines
  const head = /^(?:file:\/\/)?(\/.+):(\d+)$/.exec(first)
  if (head !== null) return { file: head[1] as string, line: Number(head[2]), column: 1 }
  return importPlace(lines) ?? stackPlace(lines)
}

/** The lines of an error: its stack, where that is JSON text. */
function linesOf(text: string): string[] {
  try {
    const { trace } = JSON.parse(text) as { trace?: unknown }
    if (Array.isArray(trace)) return trace.flatMap((line) => String(line).split('\n'))
  } catch {
    // What came on stderr.
  }
  return text.split('\n')
}

/** The place of an import that leads nowhere: Node.js names the file and what is missing, not the line. */
function importPlace(lines: readonly string[]): CodePlace | null {
  for (const line of lines) {
    const found = /Cannot find (?:package|module) '(.+?)' imported from (\/.+)$/.exec(line)
    if (found === null) continue
    const [, missing = '', file = ''] = found
    return { file, ...specifierPlace(file, missing) }
  }
  return null
}

function specifierPlace(file: string, missing: string): { line: number; column: number } {
  const name = basename(missing)
  const lines = readLines(file)
  const line = lines.findIndex((each) => each.includes(missing) || (/['"]/.test(each) && each.includes(name)))
  if (line < 0) return { line: 1, column: 1 }
  const text = lines[line] as string
  return { line: line + 1, column: Math.max(text.indexOf(missing), text.indexOf(name), 0) + 1 }
}

function readLines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n')
  } catch {
    return []
  }
}

function stackPlace(lines: readonly string[]): CodePlace | null {
  for (const line of lines) {
    const frame = /^\s+at (?:.*\()?(?:async )?(?:file:\/\/)?(\/[^()]+):(\d+):(\d+)\)?$/.exec(line)
    if (frame === null || dirname(frame[1] as string) === ownFolder) continue
    return { file: frame[1] as string, line: Number(frame[2]), column: Number(frame[3]) }
  }
  return null
}
