import type { Expression, Operator } from './ast.ts'
import type { CompileContext, Evaluate } from './compile-context.ts'
import { compileReference, truthOf } from './compile-reference.ts'
import { looselyEqual } from './equality.ts'
import { type ArithmeticOperator, calculate, compareNumbers, fromInteger, isNumber, toNumber } from './number.ts'
import type { Execute, Run } from './run.ts'
import { printed } from './text.ts'
import { JavaList, JavaMap, type Value } from './value.ts'

export type Test = (run: Run) => boolean

/** Compiles an expression to a closure that gives its value. */
export function compileExpression(expression: Expression, context: CompileContext): Evaluate {
  switch (expression.kind) {
    case 'string':
    case 'number':
    case 'boolean': {
      const { value } = expression
      return () => value
    }
    case 'interpolated':
      return compileInterpolation(context.block(expression.body))
    case 'reference':
      return compileReference(expression.reference, context)
    case 'list':
      return compileList(expression.items, context)
    case 'map':
      return compileMap(expression.entries, context)
    case 'range':
      return compileRange(expression.from, expression.to, context)
    case 'not':
      return compileTest(expression, context)
    case 'binary':
      return isArithmetic(expression.operator)
        ? compileArithmetic(expression.operator, expression, context)
        : compileTest(expression, context)
  }
}

/**
 * Compiles an expression to a closure that says whether it counts as true (Velocity user guide, "Conditionals"). In
 * Velocity 1.7 a reference does unless it is null or false; a literal other than `true`, and the result of arithmetic,
 * never does.
 */
export function compileTest(expression: Expression, context: CompileContext): Test {
  switch (expression.kind) {
    case 'boolean': {
      const { value } = expression
      return () => value
    }
    case 'reference': {
      const value = compileReference(expression.reference, context)
      return (run) => truthOf(value(run), run)
    }
    case 'not': {
      const operand = compileTest(expression.operand, context)
      return (run) => !operand(run)
    }
    case 'binary':
      return compileBinaryTest(expression, context)
    default:
      return () => false
  }
}

type Binary = Extract<Expression, { kind: 'binary' }>

function compileBinaryTest({ operator, left, right }: Binary, context: CompileContext): Test {
  if (operator === '&&' || operator === '||') {
    const [a, b] = [compileTest(left, context), compileTest(right, context)]
    return operator === '&&' ? (run) => a(run) && b(run) : (run) => a(run) || b(run)
  }
  if (isArithmetic(operator)) return () => false
  const [a, b] = [compileExpression(left, context), compileExpression(right, context)]
  if (operator === '==') return (run) => looselyEqual(a(run), b(run), run)
  if (operator === '!=') return (run) => differ(a(run), b(run), run)
  const holds = orderings[operator]
  return (run) => {
    const [x, y] = [a(run), b(run)]
    // Only numbers have an order in Velocity 1.7 (ASTLTNode and its siblings).
    return isNumber(x) && isNumber(y) && holds(compareNumbers(x, y))
  }
}

function differ(left: Value, right: Value, run: Run): boolean {
  return !looselyEqual(left, right, run)
}

const orderings = {
  '<': (order: number) => order < 0,
  '>': (order: number) => order > 0,
  '<=': (order: number) => order <= 0,
  '>=': (order: number) => order >= 0,
} as const

function isArithmetic(operator: Operator): operator is ArithmeticOperator {
  return '+-*/%'.includes(operator)
}

function compileArithmetic(operator: ArithmeticOperator, { left, right }: Binary, context: CompileContext): Evaluate {
  const [a, b] = [compileExpression(left, context), compileExpression(right, context)]
  return (run) => {
    run.step()
    const [x, y] = [a(run), b(run)]
    if (isNumber(x) && isNumber(y)) return calculate(operator, x, y)
    if (operator !== '+' || (typeof x !== 'string' && typeof y !== 'string')) return null
    // Beside a string, a missing operand adds what is written for it.
    const text = (x === null ? left.text : printed(x, run)) + (y === null ? right.text : printed(y, run))
    run.characters(text.length)
    return text
  }
}

function compileInterpolation(body: Execute): Evaluate {
  return (run) => run.capture(body)
}

function compileList(items: readonly Expression[], context: CompileContext): Evaluate {
  const parts = items.map((item) => compileExpression(item, context))
  return (run) => {
    run.step(1 + parts.length)
    return new JavaList(parts.map((part) => part(run)))
  }
}

function compileMap(entries: readonly (readonly [Expression, Expression])[], context: CompileContext): Evaluate {
  const parts = entries.map(
    ([key, value]) => [compileExpression(key, context), compileExpression(value, context)] as const,
  )
  return (run) => {
    run.step(1 + parts.length)
    const map = new JavaMap()
    for (const [key, value] of parts) map.put(key(run), value(run))
    return map
  }
}

function compileRange(from: Expression, to: Expression, context: CompileContext): Evaluate {
  const [first, last] = [compileExpression(from, context), compileExpression(to, context)]
  return (run) => {
    const [a, b] = [first(run), last(run)]
    if (!isNumber(a) || !isNumber(b)) return null
    const [start, end] = [toNumber(a), toNumber(b)]
    const count = Math.abs(end - start) + 1
    run.step(count)
    const direction = start <= end ? 1 : -1
    return new JavaList(Array.from({ length: count }, (_, i) => fromInteger(start + i * direction)))
  }
}
