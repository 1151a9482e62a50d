import { nearestName } from 'postern-documents/nearest-name'
import type { AccessRequest, ConditionKeys, Policy, Statement } from './policy.ts'
import { constantParts, type PolicyText, resolveText } from './policy-text.ts'
import { type Condition, readConditions } from './read-conditions.ts'
import {
  isObject,
  type PolicyFault,
  type ReadContext,
  type ReportPolicyFault,
  readText,
  textsOf,
} from './read-context.ts'
import { type PrincipalTest, readPrincipals } from './read-principals.ts'
import { createMatcher, type Matcher } from './wildcard.ts'

/** Characters that a policy document may have, white space not counted ("Quotas": resource policies, 8192). */
export const maxPolicyLength = 8_192

export interface PolicyRules {
  /**
   * Whose policy it is: one of a caller or of an authorizer's answer names no principal, one of a resource must.
   */
  readonly of: 'identity' | 'resource'
  /** Makes an ARN of a resource that is none, as `execute-api:/stage/*`; null where it is not such a one. */
  readonly expandResource?: (text: string) => string | null
}

/** A policy, or every fault of its document at once. A policy with a fault is none at all. */
export type PolicyRead =
  | { readonly policy: Policy; readonly faults: null }
  | { readonly policy: null; readonly faults: readonly PolicyFault[] }

/**
 * Reads an IAM policy document ("Grammar of the IAM JSON policy language"). What can't be understood is a fault and
 * never passed over: a condition or a word that is left out would let in whom it was to hold out. Never throws.
 */
export function readPolicy(document: unknown, rules: PolicyRules): PolicyRead {
  const faults: PolicyFault[] = []
  const report: ReportPolicyFault = (path, message) => void faults.push({ path, message })
  const statements = isWithinLimit(document, report) ? readDocument(document, rules, report) : []
  return faults.length > 0 ? { policy: null, faults } : { policy: { statements }, faults: null }
}

/** Reads a policy document that is a JSON text. Never throws. */
export function readPolicyJson(json: string, rules: PolicyRules): PolicyRead {
  // White space is not counted, but has its end too.
  if (json.length > 8 * maxPolicyLength) return { policy: null, faults: [tooLong] }
  let document: unknown
  try {
    document = JSON.parse(json)
  } catch {
    return { policy: null, faults: [{ path: [], message: 'not valid JSON; allowed: an IAM policy document' }] }
  }
  return readPolicy(document, rules)
}

const tooLong: PolicyFault = { path: [], message: `allowed: at most ${maxPolicyLength} characters` }

function isWithinLimit(document: unknown, report: ReportPolicyFault): boolean {
  try {
    if ((JSON.stringify(document) ?? '').length <= maxPolicyLength) return true
    report(tooLong.path, tooLong.message)
  } catch {
    // Nested too deeply, or in a ring.
    report([], 'allowed: an IAM policy document')
  }
  return false
}

function readDocument(document: unknown, rules: PolicyRules, report: ReportPolicyFault): Statement[] {
  if (!isObject(document)) {
    report([], 'allowed: an IAM policy document, an object with Version and Statement')
    return []
  }
  refuseOthers(document, ['Version', 'Id', 'Statement'], [], report)
  const { Version: version = '2008-10-17', Id: id, Statement: statement } = document
  if (version !== '2012-10-17' && version !== '2008-10-17')
    report(['Version'], 'allowed: 2012-10-17, or 2008-10-17, which is also what a document without it has')
  if (id !== undefined && typeof id !== 'string') report(['Id'], 'allowed: a text')
  if (statement === undefined) {
    report([], 'Statement is missing; allowed: a statement or a list of statements')
    return []
  }
  const context: ReadContext = { report, hasVariables: version === '2012-10-17' }
  if (!Array.isArray(statement)) return readStatement(statement, ['Statement'], rules, context) ?? []
  if (statement.length === 0) report(['Statement'], 'an empty list; allowed: at least one statement')
  const ids = new Set<unknown>()
  return statement.flatMap((each: unknown, index) => {
    const sid = isObject(each) ? each.Sid : undefined
    if (typeof sid === 'string' && ids.has(sid)) report(['Statement', index, 'Sid'], 'stands in the document twice')
    ids.add(sid)
    return readStatement(each, ['Statement', index], rules, context) ?? []
  })
}

const statementMembers = [
  'Sid',
  'Effect',
  'Principal',
  'NotPrincipal',
  'Action',
  'NotAction',
  'Resource',
  'NotResource',
  'Condition',
]

function readStatement(
  value: unknown,
  path: PolicyFault['path'],
  rules: PolicyRules,
  context: ReadContext,
): Statement[] | null {
  const { report } = context
  if (!isObject(value)) {
    report(path, 'allowed: a statement, an object with Effect, Action and Resource')
    return null
  }
  refuseOthers(value, statementMembers, path, report)
  const { Sid: sid, Effect: effect, Condition: condition } = value
  if (sid !== undefined && (typeof sid !== 'string' || !/^[\w -]*$/.test(sid)))
    report([...path, 'Sid'], 'allowed: letters and digits')
  if (effect !== 'Allow' && effect !== 'Deny') report([...path, 'Effect'], 'allowed: Allow or Deny')
  const isAllow = effect === 'Allow'
  const conditions = condition === undefined ? [] : readConditions(condition, [...path, 'Condition'], context)
  const principals = readPrincipalsOf(value, path, rules, context)
  const action = readActions(value, path, context)
  const resource = readResources(value, path, rules, context, isAllow)
  if (action === null || resource === null) return null
  return [{ effect: isAllow ? 'Allow' : 'Deny', appliesTo: all(principals, action, resource, conditions) }]
}

type Test = (request: AccessRequest) => boolean

function all(principals: Test | null, action: Test, resource: Test, conditions: readonly Condition[]): Test {
  return (request) => {
    if (!action(request) || !resource(request)) return false
    if (principals !== null && !principals(request)) return false
    for (const condition of conditions) if (!condition(request.keys)) return false
    return true
  }
}

/** The one of two members that exclude each other; null, with a fault, when there is none or both are there. */
function eitherOf(
  statement: Record<string, unknown>,
  name: string,
  path: PolicyFault['path'],
  { report }: ReadContext,
): { value: unknown; at: PolicyFault['path']; isNegated: boolean } | null {
  const present = [name, `Not${name}`].filter((each) => statement[each] !== undefined)
  const [found] = present
  if (found !== undefined && present.length === 1)
    return { value: statement[found], at: [...path, found], isNegated: found !== name }
  report(
    path,
    `${found === undefined ? `${name} is missing` : `${name} and Not${name}`}; allowed: one of ${name} and Not${name}`,
  )
  return null
}

function readPrincipalsOf(
  statement: Record<string, unknown>,
  path: PolicyFault['path'],
  rules: PolicyRules,
  context: ReadContext,
): Test | null {
  if (rules.of === 'identity') {
    for (const name of ['Principal', 'NotPrincipal'])
      if (statement[name] !== undefined)
        context.report([...path, name], 'stands in policies of resources only; this one is about who has it')
    return null
  }
  const found = eitherOf(statement, 'Principal', path, context)
  if (found === null) return null
  const { isNegated } = found
  const test: PrincipalTest = readPrincipals(found.value, found.at, context)
  return ({ principal }) => test(principal) !== isNegated
}

function readActions(statement: Record<string, unknown>, path: PolicyFault['path'], context: ReadContext): Test | null {
  const found = eitherOf(statement, 'Action', path, context)
  if (found === null) return null
  const rules = { hasVariables: false, hasWildcards: true }
  const matchers = textsOf(found.value, found.at, context).flatMap(({ text, at }): Matcher[] => {
    // The service is written out, as at AWS: ex*:Invoke is a slip, or a trap.
    if (text !== '*' && !/^[A-Za-z0-9-]+:[A-Za-z0-9*?]+$/.test(text))
      context.report(at, 'allowed: *, or an action such as execute-api:Invoke, with * and ? behind the colon')
    const read = readText(text.toLowerCase(), at, context, rules)
    return read === null ? [] : [createMatcher(constantParts(read) ?? [])]
  })
  const { isNegated } = found
  return ({ action }) => {
    const lower = action.toLowerCase()
    return matchers.some((matches) => matches(lower)) !== isNegated
  }
}

/** Says whether a resource is meant; null where a variable has no value, so that nobody can tell. */
type ResourceTest = (resource: string, keys: ConditionKeys) => boolean | null

function readResources(
  statement: Record<string, unknown>,
  path: PolicyFault['path'],
  rules: PolicyRules,
  context: ReadContext,
  isAllow: boolean,
): Test | null {
  const found = eitherOf(statement, 'Resource', path, context)
  if (found === null) return null
  const tests = textsOf(found.value, found.at, context).flatMap(({ text, at }): ResourceTest[] => {
    const full = text.startsWith('arn:') || text.startsWith('*') ? text : (rules.expandResource?.(text) ?? null)
    if (full === null) {
      context.report(at, 'allowed: an ARN, such as arn:aws:execute-api:*:*:*, or *')
      return []
    }
    const read = readText(full, at, context, { hasVariables: context.hasVariables, hasWildcards: true })
    return read === null ? [] : [resourceTest(read)]
  })
  if (!found.isNegated) return ({ resource, keys }) => tests.some((test) => test(resource, keys) === true)
  return ({ resource, keys }) => {
    const meant = tests.map((test) => test(resource, keys))
    if (meant.includes(true)) return false
    // What nobody can tell takes nothing out of a denial, and nothing into an allowance.
    return !(isAllow && meant.includes(null))
  }
}

function resourceTest(text: PolicyText): ResourceTest {
  const constant = constantParts(text)
  if (constant !== null) return createMatcher(constant)
  return (resource, keys) => {
    const parts = resolveText(text, keys)
    return parts === null ? null : createMatcher(parts)(resource)
  }
}

function refuseOthers(
  value: Record<string, unknown>,
  known: readonly string[],
  path: PolicyFault['path'],
  report: ReportPolicyFault,
): void {
  for (const name of Object.keys(value)) {
    if (known.includes(name)) continue
    const nearest = nearestName(name, known)
    report([...path, name], `no such element${nearest === null ? '' : `; the nearest is ${nearest}`}`)
  }
}
