import { hideSecrets } from './hide-secrets.ts'

/** The place of a value in a document: member names and list positions from the root. */
export type FaultPath = readonly (string | number)[]

/** A fault at a path, before it is known where in which file that is. */
export interface Finding {
  readonly path: FaultPath
  /** Whether the fault is the name at the end of the path and not its value. */
  readonly atKey?: boolean | undefined
  /** Whether it is a warning: worth a look, and no reason to refuse the document. */
  readonly isWarning?: true | undefined
  /** The fault in words, where `found` and `allowed` do not say it. */
  readonly problem?: string | undefined
  readonly found?: string | undefined
  readonly allowed?: string | undefined
  /** The nearest valid name for a typo. */
  readonly suggestion?: string | undefined
}

/** One fault of a definition or a setting, ready to be shown. Holds no secrets. */
export interface Fault {
  /** The file, or the flag or environment variable that the value came from. */
  readonly file: string
  /** The line, from 1; null when the fault has no place in a file. */
  readonly line: number | null
  readonly column: number | null
  /** The field, `routes.$connect.integration`; empty for the whole file. */
  readonly path: string
  readonly found: string | null
  readonly allowed: string | null
  readonly suggestion: string | null
  /** There, and true, for a warning: the document is good all the same. */
  readonly isWarning?: true
  /** The fault in one line, without its place and field. */
  readonly message: string
}

/** Makes a fault of a finding and its place; without a line for what does not stand in a file. */
export function createFault(place: { file: string; line?: number; column?: number }, finding: Finding): Fault {
  return {
    file: place.file,
    line: place.line ?? null,
    column: place.column ?? null,
    path: formatPath(finding.path),
    found: finding.found ?? null,
    allowed: finding.allowed ?? null,
    suggestion: finding.suggestion ?? null,
    ...(finding.isWarning === true && { isWarning: true as const }),
    message: messageOf(finding),
  }
}

function messageOf({ problem, found, allowed, suggestion }: Finding): string {
  const parts = [problem, found && `found ${found}`, allowed && `allowed: ${allowed}`].filter(Boolean)
  const text = parts.length === 0 ? 'not valid' : parts.join('; ')
  return suggestion === undefined ? text : `${text.replace(/\.$/, '')}. Did you mean ${JSON.stringify(suggestion)}?`
}

/**
 * A fault in one line: `routes/chat/api.yaml:7:20: routes.$connect.integration: found …; allowed: …`; a warning says so
 * behind its place.
 */
export function formatFault(fault: Fault): string {
  const place = fault.line === null ? fault.file : `${fault.file}:${fault.line}:${fault.column}`
  return [
    place,
    ...(fault.isWarning ? ['warning'] : []),
    ...(fault.path === '' ? [] : [fault.path]),
    fault.message,
  ].join(': ')
}

/** A path as text: `routes["a.b"].integration`, `domains[0].apiMappings`. */
export function formatPath(path: FaultPath): string {
  let text = ''
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`
    else if (/^[\w$-]+$/.test(step)) text += text === '' ? step : `.${step}`
    else text += `[${JSON.stringify(shorten(step))}]`
  }
  return text
}

/** Sorts faults by their files, then by the places in them. */
export function sortFaults(faults: readonly Fault[]): Fault[] {
  return [...faults].sort(
    (a, b) => order(a.file, b.file) || (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0),
  )
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

const secretName = /^environment$|token|secret|passw|passphrase|(^|[._-])authorization$|credential|api[-_]?key|cookie/i

/** A value as a fault may show it: short, on one line, and only its kind where it may be a secret. */
export function describeFound(value: unknown, path: FaultPath): string {
  if (value === null || value === undefined) return 'nothing'
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (typeof value === 'object') return Object.keys(value).length === 0 ? 'an empty map' : 'a map'
  if (path.some((step) => typeof step === 'string' && secretName.test(step))) return `a ${typeof value}`
  if (typeof value === 'string') return JSON.stringify(shorten(hideSecrets(value)))
  return `${String(value)} (a ${typeof value})`
}

/** A text cut to what a line can hold. */
export function shorten(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 77)}…`
}
