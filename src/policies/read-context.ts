import { type PolicyText, readPolicyText, type TextRules } from './policy-text.ts'

/** A fault of a policy: the path in the document and one sentence that names what is allowed. */
export interface PolicyFault {
  readonly path: readonly (string | number)[]
  readonly message: string
}

/** Takes one fault; reading goes on, so that every fault is found at once. */
export type ReportPolicyFault = (path: PolicyFault['path'], message: string) => void

/** The context in which the parts of a policy are read. */
export interface ReadContext {
  readonly report: ReportPolicyFault
  /** Whether `${…}` is a variable, by the Version of the document. */
  readonly hasVariables: boolean
}

/** Whether a value is an object with members, as opposed to a list or nothing. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The texts of an element that is a text or a list of at least one, each with its path; faults are reported. */
export function textsOf(
  value: unknown,
  path: PolicyFault['path'],
  { report }: ReadContext,
): { text: string; at: PolicyFault['path'] }[] {
  const list: unknown[] = Array.isArray(value) ? value : [value]
  if (list.length === 0) report(path, 'an empty list; allowed: a text or a list of texts')
  return list.flatMap((text, index) => {
    const at = Array.isArray(value) ? [...path, index] : path
    if (typeof text === 'string' && text !== '') return [{ text, at }]
    report(at, 'allowed: a text or a list of texts')
    return []
  })
}

/** A text with its variables and wildcards; null where its fault was reported. */
export function readText(
  text: string,
  path: PolicyFault['path'],
  { report }: Pick<ReadContext, 'report'>,
  rules: TextRules,
): PolicyText | null {
  const read = readPolicyText(text, rules)
  if (!('fault' in read)) return read
  report(path, read.fault)
  return null
}
