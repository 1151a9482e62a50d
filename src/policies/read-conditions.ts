import { nearestName } from 'postern-documents/nearest-name'
import { type ConditionOperator, conditionOperators, equalsBoolean, type ValueTest } from './condition-operators.ts'
import type { ConditionKeys } from './policy.ts'
import { constantParts, resolveText } from './policy-text.ts'
import { isObject, type PolicyFault, type ReadContext, readText } from './read-context.ts'

/** Says whether one condition holds for a request. */
export type Condition = (keys: ConditionKeys) => boolean

/**
 * Reads a `Condition` element: a condition for every operator and key, all of which have to hold. Faults are reported.
 */
export function readConditions(value: unknown, path: PolicyFault['path'], context: ReadContext): Condition[] {
  if (!isObject(value)) {
    context.report(path, 'allowed: an object of operators, as in {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}')
    return []
  }
  return Object.entries(value).flatMap(([name, keys]) => {
    const at = [...path, name]
    const operator = readOperator(name)
    if (operator === null) {
      const known = [...conditionOperators.keys(), 'Null']
      const nearest = nearestName(name.replace(prefixPattern, '').replace(/IfExists$/, ''), known)
      context.report(at, `no such condition operator${nearest === null ? '' : `; the nearest is ${nearest}`}`)
      return []
    }
    if (!isObject(keys) || Object.keys(keys).length === 0) {
      context.report(at, 'allowed: an object of condition keys and their values')
      return []
    }
    return Object.entries(keys).map(([key, values]) => readCondition(operator, key, values, [...at, key], context))
  })
}

interface QualifiedOperator {
  /** The comparison; null for `Null`, which asks whether the key is there. */
  readonly operator: ConditionOperator | null
  readonly ifExists: boolean
  readonly qualifier: 'all' | 'any' | null
}

const prefixPattern = /^(?:ForAllValues|ForAnyValue):/

function readOperator(name: string): QualifiedOperator | null {
  if (name === 'Null') return { operator: null, ifExists: false, qualifier: null }
  const [prefix] = prefixPattern.exec(name) ?? []
  const bare = name.slice(prefix?.length ?? 0)
  const ifExists = bare.endsWith('IfExists')
  const operator = conditionOperators.get(ifExists ? bare.slice(0, -'IfExists'.length) : bare)
  if (operator === undefined) return null
  return { operator, ifExists, qualifier: prefix === undefined ? null : prefix === 'ForAllValues:' ? 'all' : 'any' }
}

function readCondition(
  { operator, ifExists, qualifier }: QualifiedOperator,
  key: string,
  values: unknown,
  path: PolicyFault['path'],
  context: ReadContext,
): Condition {
  if (!/^[\w-]+:[\w./@+=-]+$/.test(key)) context.report(path, 'allowed: a condition key, such as aws:SourceIp')
  const name = key.toLowerCase()
  if (operator === null) return readNull(name, values, path, context)
  const test = readValues(operator, values, path, context)
  const { isNegated } = operator
  return (keys) => {
    const given = keys(name)
    if (given === undefined || given.length === 0) return ifExists || whenAbsent(qualifier, isNegated)
    const isLikeOne = test(keys)
    if (typeof given === 'string') return isLikeOne(given) !== isNegated
    if (qualifier === 'any') return given.some((value) => isLikeOne(value) !== isNegated)
    if (qualifier === 'all') return given.every((value) => isLikeOne(value) !== isNegated)
    // Of several values without a qualifier: one has to be like it, or none may.
    return given.some(isLikeOne) !== isNegated
  }
}

/** A key that is not there is like nothing; of no values all are as wanted, and none is. */
function whenAbsent(qualifier: QualifiedOperator['qualifier'], isNegated: boolean): boolean {
  return qualifier === null ? isNegated : qualifier === 'all'
}

function readNull(name: string, values: unknown, path: PolicyFault['path'], context: ReadContext): Condition {
  const wanted = scalars(values, path, context).map(({ text, at }) => {
    const test = equalsBoolean(text)
    if (test === null) context.report(at, 'allowed: true (the key is not there) or false')
    return test
  })
  return (keys) => {
    const given = keys(name)
    const isAbsent = String(given === undefined || given.length === 0)
    return wanted.some((test) => test?.(isAbsent))
  }
}

/** The values of the policy as one test, which may depend on the request where there are variables in them. */
function readValues(
  operator: ConditionOperator,
  values: unknown,
  path: PolicyFault['path'],
  context: ReadContext,
): (keys: ConditionKeys) => ValueTest {
  const tests = scalars(values, path, context).flatMap(({ text, at }) => readValue(operator, text, at, context) ?? [])
  const constants = tests.flatMap((test) => (typeof test === 'object' ? [test.constant] : []))
  const constant: ValueTest =
    constants.length === 1 ? (constants[0] as ValueTest) : (value) => constants.some((test) => test(value))
  const variables = tests.flatMap((test) => (typeof test === 'function' ? [test] : []))
  if (variables.length === 0) return () => constant
  return (keys) => (value) => constant(value) || variables.some((make) => make(keys)?.(value))
}

function readValue(
  operator: ConditionOperator,
  text: string,
  path: PolicyFault['path'],
  context: ReadContext,
): { constant: ValueTest } | ((keys: ConditionKeys) => ValueTest | null) | null {
  const { hasVariables } = context
  const read = readText(text, path, context, { hasVariables, hasWildcards: operator.hasWildcards })
  if (read === null) return null
  const parts = constantParts(read)
  if (parts === null) {
    return (keys) => {
      const resolved = resolveText(read, keys)
      return resolved === null ? null : operator.prepare(resolved)
    }
  }
  const constant = operator.prepare(parts)
  if (constant !== null) return { constant }
  context.report(path, `allowed: ${operator.form}`)
  return null
}

/** The values of a condition as texts: JSON's own booleans and numbers may stand for theirs. Faults are reported. */
function scalars(
  value: unknown,
  path: PolicyFault['path'],
  { report }: ReadContext,
): { text: string; at: PolicyFault['path'] }[] {
  const list: unknown[] = Array.isArray(value) ? value : [value]
  if (list.length === 0) report(path, 'an empty list; allowed: a value or a list of values')
  return list.flatMap((each, index) => {
    const at = Array.isArray(value) ? [...path, index] : path
    if (typeof each === 'string' || typeof each === 'boolean' || typeof each === 'number')
      return [{ text: String(each), at }]
    report(at, 'allowed: a text, a number, true or false, or a list of them')
    return []
  })
}
