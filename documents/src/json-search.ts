import { JSONPathNode, JSONPathNodeList, type JSONPathQuery, jsonpath, Nothing } from 'json-p3'
import { ExactNumber, namesOf } from './exact-json.ts'

const { expressions, selectors } = jsonpath

/** Takes note of one look at a value or a filter, and may throw to end the search. */
export type Look = () => void

type Descent = { visit(node: JSONPathNode): Iterable<JSONPathNode> }
type Value = JSONPathNode['value']

/**
 * Makes every walk and every comparison of a compiled query call `look`, those in filters within filters included, and
 * compares numbers as exactly as they were written. `tooDeep` makes the error for a walk beyond `maxDepth`.
 */
export function guardQuery(query: JSONPathQuery, look: Look, maxDepth: number, tooDeep: () => Error): void {
  for (const segment of query.segments) {
    if ('visit' in segment) {
      const descent = segment as unknown as Descent
      descent.visit = (node) => descend(node, look, maxDepth, tooDeep)
    }
    for (const selector of segment.selectors) {
      if (selector instanceof selectors.FilterSelector) guard(selector.expression)
    }
  }

  function guard(expression: jsonpath.expressions.FilterExpression): void {
    if (expression instanceof expressions.LogicalExpression) guard(expression.expression)
    else if (expression instanceof expressions.PrefixExpression) guard(expression.right)
    else if (expression instanceof expressions.FilterQuery) guardQuery(expression.path, look, maxDepth, tooDeep)
    else if (expression instanceof expressions.FunctionExtension) expression.args.forEach(guard)
    else if (expression instanceof expressions.NumberLiteral) keepDigits(expression)
    else if (expression instanceof expressions.InfixExpression) {
      guard(expression.left)
      guard(expression.right)
      if (!expression.logical) compareExactly(expression, look)
    }
    const evaluate = expression.evaluate.bind(expression)
    expression.evaluate = (context) => {
      look()
      return evaluate(context)
    }
  }
}

/** A node and everything below it that has members, parents first. Does not recurse. */
function* descend(start: JSONPathNode, look: Look, maxDepth: number, tooDeep: () => Error): Generator<JSONPathNode> {
  yield start
  const levels = [{ values: valuesOf(start.value), at: 0 }]
  while (levels.length > 0) {
    const level = levels.at(-1) as (typeof levels)[number]
    if (level.at === level.values.length) {
      levels.pop()
      continue
    }
    look()
    const value = level.values[level.at++] as Value
    if (typeof value !== 'object' || value === null || value instanceof ExactNumber) continue
    if (levels.length + 1 >= maxDepth) throw tooDeep()
    yield new JSONPathNode(value, [], start.root)
    levels.push({ values: valuesOf(value), at: 0 })
  }
}

function valuesOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value
  if (typeof value !== 'object' || value === null || value instanceof ExactNumber) return []
  return namesOf(value).map((name) => (value as Record<string, unknown>)[name])
}

/** Gives a literal back as it was written where JavaScript has another number for it. */
function keepDigits(literal: jsonpath.expressions.NumberLiteral): void {
  const written = literal.token.value
  if (!/^-?\d{16,}$/.test(written)) return
  const exact = new ExactNumber(written)
  Object.assign(literal, { evaluate: () => exact })
}

function compareExactly(expression: jsonpath.expressions.InfixExpression, look: Look): void {
  const { left, right, operator } = expression
  expression.evaluate = (context) =>
    compare(single(left.evaluate(context)), operator, single(right.evaluate(context)), look)
}

const many = Symbol('more than one value')

/** The value of a query that found one; Nothing for none. More than one compare to nothing. */
function single(value: unknown): unknown {
  if (!(value instanceof JSONPathNodeList)) return value
  if (value.nodes.length > 1) return many
  return value.nodes[0] === undefined ? Nothing : value.nodes[0].value
}

function compare(left: unknown, operator: string, right: unknown, look: Look): boolean {
  switch (operator) {
    case '==':
      return equal(left, right, look)
    case '!=':
      return !equal(left, right, look)
    case '<':
      return less(left, right)
    case '>':
      return less(right, left)
    case '<=':
      return less(left, right) || equal(left, right, look)
    case '>=':
      return less(right, left) || equal(left, right, look)
    default:
      return false
  }
}

function equal(left: unknown, right: unknown, look: Look): boolean {
  look()
  if (left === many || right === many) return false
  if (left === right) return true
  if (isNumber(left) && isNumber(right)) return difference(left, right) === 0
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false
  if (Array.isArray(left) !== Array.isArray(right)) return false
  const names = Object.keys(left)
  if (names.length !== Object.keys(right).length) return false
  const [a, b] = [left as Record<string, unknown>, right as Record<string, unknown>]
  return names.every((name) => Object.hasOwn(b, name) && equal(a[name], b[name], look))
}

function less(left: unknown, right: unknown): boolean {
  if (typeof left === 'string' && typeof right === 'string') return left < right
  return isNumber(left) && isNumber(right) && difference(left, right) < 0
}

function isNumber(value: unknown): value is number | ExactNumber {
  return typeof value === 'number' || value instanceof ExactNumber
}

/** Digits of the longest number that is compared to the last one. */
const maxDigits = 1_000

function difference(left: number | ExactNumber, right: number | ExactNumber): number {
  const [a, b] = [whole(left), whole(right)]
  if (a !== null && b !== null) return a < b ? -1 : a > b ? 1 : 0
  return approximate(left) - approximate(right)
}

function whole(value: number | ExactNumber): bigint | null {
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : null
  return value.isWhole && value.source.length <= maxDigits ? BigInt(value.source) : null
}

function approximate(value: number | ExactNumber): number {
  return typeof value === 'number' ? value : value.approximate
}
