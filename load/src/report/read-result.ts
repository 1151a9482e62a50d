import { createFault, formatFault } from 'postern-documents/faults'
import { parseWith } from 'postern-documents/issues'
import { type LoadResult, resultFormat, resultVersion } from '../contract.ts'
import { resultSchema } from './result-schema.ts'

/** A file that is larger is refused before it is read: it holds two days, a second each, with room to spare. */
export const maxResultBytes = 128 * 1024 * 1024

/** Enough to see what is wrong with a file; one that is no result at all would have hundreds. */
const maxFaults = 10

/**
 * A file that can't be read as a result; the message names the file, says what is wrong, and shows no more than a line
 * of it.
 */
export class UnreadableResult extends Error {
  override readonly name = 'UnreadableResult'
}

/**
 * Reads what `postern load --json` has written, as text that anybody may have changed: afterwards every member is of
 * the kind that the contract says, every list is bounded, and every histogram can be decoded.
 * @param name How messages call the text: the file.
 * @throws {UnreadableResult}
 */
export function readResult(text: string, name: string): LoadResult {
  if (text.length > maxResultBytes) throw new UnreadableResult(`${name}: ${tooLarge}`)
  const value = parseJson(text, name)
  const other = otherFormat(value)
  if (other !== null) throw new UnreadableResult(`${name}: ${other}`)
  const { data, findings } = parseWith(resultSchema, value)
  const faults = data === null ? findings : disorder(data)
  if (data !== null && faults.length === 0) return data
  const lines = faults.slice(0, maxFaults).map((finding) => formatFault(createFault({ file: name }, finding)))
  const more = faults.length > maxFaults ? [`${name}: and ${faults.length - maxFaults} more faults`] : []
  throw new UnreadableResult([...lines, ...more].join('\n'))
}

export const tooLarge = `it is larger than ${maxResultBytes / 1024 / 1024} MiB: no load test writes so much`

function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new UnreadableResult(`${name}: it is not JSON; a result is what postern load writes with --json`)
  }
}

/** One sentence when it is no result, or one of a version that this one can't read. */
function otherFormat(value: unknown): string | null {
  const { format, version } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>
  if (format !== resultFormat) return `it is no result of a load test: "format" is not "${resultFormat}"`
  if (typeof version === 'number' && version > resultVersion) {
    return `it was written by a newer postern (version ${version} of the format, this one reads ${resultVersion})`
  }
  return null
}

/** Finds what no schema of a single member can say: seconds with gaps or in no phase, phases that go back in time. */
function disorder({ seconds, phases }: LoadResult) {
  const findings = []
  for (const [index, { second, phase }] of seconds.entries()) {
    if (second !== index) {
      findings.push({ path: ['seconds', index, 'second'], found: String(second), allowed: `${index}: one a second` })
    } else if (phase >= phases.length) {
      findings.push({ path: ['seconds', index, 'phase'], found: String(phase), allowed: 'the index of a phase' })
    }
  }
  for (const [index, { from, to }] of phases.entries()) {
    if (to < from) findings.push({ path: ['phases', index, 'to'], found: String(to), allowed: `${from} or later` })
  }
  return findings
}
