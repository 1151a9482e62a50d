import { isIP } from 'node:net'
import { isNetwork, networksOf } from '../vocabulary/networks.ts'
import { anyOne, anyRun, createMatcher, type PatternPart } from './wildcard.ts'

/** Says whether a value of the request is as one value of the policy wants it. */
export type ValueTest = (value: string) => boolean

/** A condition operator, without `IfExists` and set qualifiers, which all have in common. */
export interface ConditionOperator {
  /** Whether it holds where the comparison does not: `StringNotEquals`. */
  readonly isNegated: boolean
  /** Whether `*` and `?` of the policy's values are wildcards. */
  readonly hasWildcards: boolean
  /** Prepares a value of the policy; null when it is not of the form that the operator compares. */
  prepare(parts: readonly PatternPart[]): ValueTest | null
  /** The form of the values, for people. */
  readonly form: string
}

/**
 * Every condition operator but `Null` ("IAM JSON policy elements: Condition operators"). A value of the request that is
 * not of the operator's form is like none of the policy.
 */
export const conditionOperators: ReadonlyMap<string, ConditionOperator> = new Map<string, ConditionOperator>([
  ...pair(
    'StringEquals',
    'StringNotEquals',
    ofText('a text', (wanted) => (value) => value === wanted),
  ),
  ...pair('StringEqualsIgnoreCase', 'StringNotEqualsIgnoreCase', ofText('a text', equalsIgnoringCase)),
  ...pair('StringLike', 'StringNotLike', {
    hasWildcards: true,
    form: 'a text, * and ? are wildcards',
    prepare: createMatcher,
  }),
  ...ordered('Numeric', 'a number', numberOf),
  ...ordered('Date', 'a time as in 2025-10-05T08:09:10Z, or seconds since 1970', timeOf),
  ['Bool', { ...ofText('true or false', equalsBoolean), isNegated: false }],
  ['BinaryEquals', { ...ofText('bytes in base64', equalsBytes), isNegated: false }],
  ...pair('IpAddress', 'NotIpAddress', ofText('an address or a network, as in 203.0.113.0/24', inNetwork)),
  ...pair('ArnEquals', 'ArnNotEquals', { hasWildcards: true, form: arnForm(), prepare: likeArn }),
  ...pair('ArnLike', 'ArnNotLike', { hasWildcards: true, form: arnForm(), prepare: likeArn }),
])

type Comparison = Omit<ConditionOperator, 'isNegated'>

function pair(name: string, negatedName: string, comparison: Comparison): [string, ConditionOperator][] {
  return [
    [name, { ...comparison, isNegated: false }],
    [negatedName, { ...comparison, isNegated: true }],
  ]
}

/** A comparison whose values are plain texts. */
function ofText(form: string, prepare: (wanted: string) => ValueTest | null): Comparison {
  // Without wildcards all parts are texts.
  return { hasWildcards: false, form, prepare: (parts) => prepare(parts.join('')) }
}

function ordered(
  kind: 'Numeric' | 'Date',
  form: string,
  parse: (text: string) => number | null,
): [string, ConditionOperator][] {
  const comparing = (holds: (value: number, wanted: number) => boolean): Comparison =>
    ofText(form, (text) => {
      const wanted = parse(text)
      if (wanted === null) return null
      return (given) => {
        const value = parse(given)
        return value !== null && holds(value, wanted)
      }
    })
  const positive = (name: string, holds: (value: number, wanted: number) => boolean): [string, ConditionOperator] => [
    `${kind}${name}`,
    { ...comparing(holds), isNegated: false },
  ]
  return [
    ...pair(
      `${kind}Equals`,
      `${kind}NotEquals`,
      comparing((value, wanted) => value === wanted),
    ),
    positive('LessThan', (value, wanted) => value < wanted),
    positive('LessThanEquals', (value, wanted) => value <= wanted),
    positive('GreaterThan', (value, wanted) => value > wanted),
    positive('GreaterThanEquals', (value, wanted) => value >= wanted),
  ]
}

function equalsIgnoringCase(wanted: string): ValueTest {
  const lower = wanted.toLowerCase()
  return (value) => value.toLowerCase() === lower
}

/** Tests for `true` or `false` in any case; null for any other text. */
export function equalsBoolean(wanted: string): ValueTest | null {
  const lower = wanted.toLowerCase()
  return lower === 'true' || lower === 'false' ? (value) => value.toLowerCase() === lower : null
}

function equalsBytes(wanted: string): ValueTest | null {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(wanted)) return null
  const bytes = Buffer.from(wanted, 'base64')
  return (value) => Buffer.from(value, 'base64').equals(bytes)
}

function numberOf(text: string): number | null {
  return /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?$/.test(text) ? Number(text) : null
}

/**
 * Milliseconds since 1970 of a time of the W3C profile of ISO 8601, or of seconds since 1970. A time without its offset
 * is none: nobody knows whose it would be; nor are four digits, a year to the one and seconds to the other.
 */
function timeOf(text: string): number | null {
  if (/^\d{5,15}(?:\.\d+)?$/.test(text)) return Number(text) * 1000
  if (!/^\d{4}-\d\d(?:-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d))?)?$/.test(text)) return null
  const parsed = Date.parse(text)
  return Number.isNaN(parsed) ? null : parsed
}

function inNetwork(wanted: string): ValueTest | null {
  if (!isNetwork(wanted)) return null
  const list = networksOf([wanted])
  return (value) => {
    const given = isIP(value)
    return given !== 0 && list.check(value, given === 4 ? 'ipv4' : 'ipv6')
  }
}

function arnForm(): string {
  return 'an ARN of six parts, * and ? are wildcards'
}

/** The six parts of an ARN are compared one by one: a wildcard does not reach over a colon of the first five. */
function likeArn(parts: readonly PatternPart[]): ValueTest | null {
  const patterns: PatternPart[][] = [[]]
  for (const part of parts) {
    if (part === anyRun || part === anyOne) {
      patterns.at(-1)?.push(part)
      continue
    }
    const [first = '', ...others] = splitArn(part, patterns.length)
    patterns.at(-1)?.push(first)
    for (const other of others) patterns.push([other])
  }
  if (patterns.length !== arnParts) return null
  const matchers = patterns.map(createMatcher)
  return (value) => {
    const given = splitArn(value, 1)
    return given.length === arnParts && given.every((part, index) => matchers[index]?.(part))
  }
}

const arnParts = 6

/** Splits at colons, until there would be more than six parts with those that are there. */
function splitArn(text: string, there: number): string[] {
  const all = text.split(':')
  const most = arnParts - there
  return all.length <= most ? all : [...all.slice(0, most), all.slice(most).join(':')]
}
