import { TemplateRenderError } from './errors.ts'
import { JavaDouble, JavaLong, type NumberValue, type Value } from './value.ts'

const minInt = -(2 ** 31)
const maxInt = 2 ** 31 - 1
/**
 * Bits of the largest BigInteger: they grow without end by multiplication, and no honest template needs more digits.
 */
const maxBits = 4096
/** Digits of the longest whole number that is read; each has fewer than four bits. */
const maxDigits = 1_233

export function isNumber(value: Value): value is NumberValue {
  return (
    typeof value === 'number' || typeof value === 'bigint' || value instanceof JavaLong || value instanceof JavaDouble
  )
}

/** A number as written in a template or in JSON: the smallest of Integer, Long and BigInteger, or a Double. */
export function parseNumber(text: string): NumberValue {
  if (/[.eE]/.test(text)) {
    const value = Number(text)
    return new JavaDouble(value, Number.isFinite(value) ? null : text)
  }
  if (text.length < 16) return fromInteger(Number(text))
  if (text.length > maxDigits) throw new TemplateRenderError(`number has more than ${maxDigits} digits`)
  const value = BigInt(text)
  return fitsLong(value) ? fromLong(value) : value
}

/** A whole number as an Integer when it fits, else as a Long. Only for numbers that JavaScript holds exactly. */
export function fromInteger(value: number): number | JavaLong {
  return value >= minInt && value <= maxInt ? value + 0 : new JavaLong(BigInt(value))
}

function fromLong(value: bigint): number | JavaLong {
  return value >= BigInt(minInt) && value <= BigInt(maxInt) ? Number(value) : new JavaLong(value)
}

function fitsLong(value: bigint): boolean {
  return BigInt.asIntN(64, value) === value
}

export function toNumber(value: NumberValue): number {
  return typeof value === 'number' ? value : typeof value === 'bigint' ? Number(value) : Number(value.value)
}

export function toBigInt(value: NumberValue): bigint {
  if (typeof value === 'bigint') return value
  if (value instanceof JavaLong) return value.value
  const whole = Math.trunc(toNumber(value))
  return Number.isFinite(whole) ? BigInt(whole) : 0n
}

export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%'

/**
 * Calculates as MathUtils of Velocity 1.7 does, with Java's arithmetic; null for a division by zero (ASTDivNode,
 * ASTModNode), which leaves a `#set` without effect.
 */
export function calculate(operator: ArithmeticOperator, left: NumberValue, right: NumberValue): Value {
  if ((operator === '/' || operator === '%') && toNumber(right) === 0) return null
  if (typeof left === 'number' && typeof right === 'number') {
    const result = calculateNumber(operator, left, right)
    if (Number.isSafeInteger(result)) return fromInteger(result)
  }
  if (left instanceof JavaDouble || right instanceof JavaDouble) {
    const [a, b] = [toNumber(left), toNumber(right)]
    return new JavaDouble(operator === '/' ? a / b : calculateNumber(operator, a, b))
  }
  return calculateBig(operator, left, right)
}

function calculateNumber(operator: ArithmeticOperator, left: number, right: number): number {
  switch (operator) {
    case '+':
      return left + right
    case '-':
      return left - right
    case '*':
      return left * right
    case '/':
      return Math.trunc(left / right)
    case '%':
      return left % right
  }
}

function calculateBig(operator: ArithmeticOperator, left: NumberValue, right: NumberValue): Value {
  const result = bigResult(operator, toBigInt(left), toBigInt(right))
  const isBig = typeof left === 'bigint' || typeof right === 'bigint'
  // Velocity looks for overflow except in a division, whose one overflow wraps.
  if (!isBig && fitsLong(result)) return new JavaLong(result)
  if (!isBig && operator === '/') return new JavaLong(BigInt.asIntN(64, result))
  if (result > 1n << BigInt(maxBits) || result < -(1n << BigInt(maxBits))) {
    throw new TemplateRenderError(`number has more than ${maxBits} bits`)
  }
  if (isBig && operator === '%') return bigRemainder(result, toBigInt(right))
  return result
}

function bigResult(operator: ArithmeticOperator, left: bigint, right: bigint): bigint {
  switch (operator) {
    case '+':
      return left + right
    case '-':
      return left - right
    case '*':
      return left * right
    case '/':
      return left / right
    case '%':
      return left % right
  }
}

// java.math.BigInteger.mod never gives a negative number and refuses a negative modulus.
function bigRemainder(result: bigint, modulus: bigint): bigint {
  if (modulus < 0n) throw new TemplateRenderError('BigInteger: modulus not positive')
  return result < 0n ? result + modulus : result
}

/** Compares two numbers across their classes: negative, zero or positive. */
export function compareNumbers(left: NumberValue, right: NumberValue): number {
  if (typeof left === 'number' && typeof right === 'number') return left - right
  if (left instanceof JavaDouble || right instanceof JavaDouble) {
    const [a, b] = [toNumber(left), toNumber(right)]
    // MathUtils falls through to "equal" when neither is smaller, which includes NaN.
    return a < b ? -1 : a > b ? 1 : 0
  }
  const [a, b] = [toBigInt(left), toBigInt(right)]
  return a < b ? -1 : a > b ? 1 : 0
}
