import { sameClass } from '../velocity/equality.ts'
import { TemplateRenderError } from '../velocity/errors.ts'
import {
  aDouble,
  aLong,
  anInt,
  anyObject,
  aString,
  type MethodTable,
  method,
  methodTable,
  type Overload,
} from '../velocity/method.ts'
import { compareNumbers, fromInteger, isNumber, parseNumber, toBigInt, toNumber } from '../velocity/number.ts'
import { JavaDouble, JavaLong, type NumberValue, type Value } from '../velocity/value.ts'
import { objectLines } from './object.ts'

const toInt = (value: NumberValue) => (value instanceof JavaDouble ? clamp(value.value, 32) : wrapInt(toBigInt(value)))
const toLong = (value: NumberValue) =>
  new JavaLong(value instanceof JavaDouble ? BigInt(clamp(value.value, 64)) : BigInt.asIntN(64, toBigInt(value)))

function wrapInt(value: bigint): number {
  return Number(BigInt.asIntN(32, value))
}

// A Java cast from double stops at the ends of the range; NaN becomes 0 (Java Language Specification §5.1.3).
function clamp(value: number, bits: 32 | 64): number {
  if (Number.isNaN(value)) return 0
  const end = 2 ** (bits - 1)
  // The largest double below 2^63 stands in for Long.MAX_VALUE, which no double reaches.
  return Math.trunc(Math.min(Math.max(value, -end), bits === 32 ? end - 1 : end - 1024))
}

const conversions: readonly (readonly [string, Overload])[] = [
  ...objectLines,
  method('compareTo', [anyObject], (self: NumberValue, [other]: readonly [Value]) => {
    if (!isNumber(other) || !sameClass(self, other))
      throw new TemplateRenderError('compareTo takes a number of the same class')
    return order(self, other)
  }),
  method('intValue', [], (self: NumberValue) => toInt(self)),
  method('longValue', [], (self: NumberValue) => toLong(self)),
  method('doubleValue', [], (self: NumberValue) => new JavaDouble(toNumber(self))),
  method('shortValue', [], (self: NumberValue) => Number(BigInt.asIntN(16, BigInt(toInt(self))))),
  method('byteValue', [], (self: NumberValue) => Number(BigInt.asIntN(8, BigInt(toInt(self))))),
]

type Pair = readonly [NumberValue, NumberValue]

function ordering(parameter: (value: Value) => boolean): readonly (readonly [string, Overload])[] {
  const pair = [parameter, parameter]
  return [
    method('compare', pair, (_: NumberValue, [a, b]: Pair) => order(a, b)),
    method('max', pair, (_: NumberValue, [a, b]: Pair) => (order(a, b) < 0 ? b : a)),
    method('min', pair, (_: NumberValue, [a, b]: Pair) => (order(a, b) > 0 ? b : a)),
  ]
}

function order(left: NumberValue, right: NumberValue): number {
  return Math.sign(compareNumbers(left, right))
}

/** The methods of java.lang.Integer; as on any Java object, its static methods can be called on a value too. */
export const integerMethods: MethodTable = methodTable(
  ...conversions,
  ...ordering(anInt),
  method('parseInt', [aString], (_: number, [text]: readonly [string | null]) => parseInteger(text, 10)),
  method('parseInt', [aString, anInt], (_: number, args: readonly [string | null, number]) => parseInteger(...args)),
  method('valueOf', [aString], (_: number, [text]: readonly [string | null]) => parseInteger(text, 10)),
  method('valueOf', [anInt], (_: number, [value]: readonly [number]) => value),
  method('toString', [anInt], (_: number, [value]: readonly [number]) => String(value)),
  method('toString', [anInt, anInt], (_: number, [value, radix]: readonly [number, number]) => inRadix(value, radix)),
  method('toHexString', [anInt], (_: number, [value]: readonly [number]) => (value >>> 0).toString(16)),
  method('toOctalString', [anInt], (_: number, [value]: readonly [number]) => (value >>> 0).toString(8)),
  method('toBinaryString', [anInt], (_: number, [value]: readonly [number]) => (value >>> 0).toString(2)),
  method('sum', [anInt, anInt], (_: number, [a, b]: readonly [number, number]) => (a + b) | 0),
  method('signum', [anInt], (_: number, [value]: readonly [number]) => Math.sign(value)),
)

export const longMethods: MethodTable = methodTable(
  ...conversions,
  ...ordering(aLong),
  method('parseLong', [aString], (_: JavaLong, [text]: readonly [string | null]) => parseLong(text)),
  method('valueOf', [aString], (_: JavaLong, [text]: readonly [string | null]) => parseLong(text)),
  method('valueOf', [aLong], (_: JavaLong, [value]: readonly [NumberValue]) => toLong(value)),
  method('toString', [aLong], (_: JavaLong, [value]: readonly [NumberValue]) => String(toBigInt(value))),
  method('toHexString', [aLong], (_: JavaLong, [value]: readonly [NumberValue]) =>
    BigInt.asUintN(64, toBigInt(value)).toString(16),
  ),
  method(
    'sum',
    [aLong, aLong],
    (_: JavaLong, [a, b]: Pair) => new JavaLong(BigInt.asIntN(64, toBigInt(a) + toBigInt(b))),
  ),
)

export const doubleMethods: MethodTable = methodTable(
  ...conversions,
  ...ordering(aDouble),
  method('parseDouble', [aString], (_: JavaDouble, [text]: readonly [string | null]) => parseDouble(text)),
  method('valueOf', [aString], (_: JavaDouble, [text]: readonly [string | null]) => parseDouble(text)),
  method('valueOf', [aDouble], (_: JavaDouble, [value]: readonly [NumberValue]) => new JavaDouble(toNumber(value))),
  method('sum', [aDouble, aDouble], (_: JavaDouble, [a, b]: Pair) => new JavaDouble(toNumber(a) + toNumber(b))),
  method('isNaN', [], (self: JavaDouble) => Number.isNaN(self.value)),
  method('isInfinite', [], (self: JavaDouble) => Math.abs(self.value) === Number.POSITIVE_INFINITY),
)

export const bigIntegerMethods: MethodTable = methodTable(
  ...conversions,
  method('add', [isBig], (self: bigint, [other]: readonly [bigint]) => self + other),
  method('negate', [], (self: bigint) => -self),
  method('signum', [], (self: bigint) => order(self, 0)),
)

function isBig(value: Value): boolean {
  return typeof value === 'bigint' && isNumber(value)
}

function parseInteger(text: string | null, radix: number): number {
  const value = wholeNumber(text, radix)
  if (typeof value !== 'number') throw notANumber(text)
  return value
}

function parseLong(text: string | null): JavaLong {
  const value = wholeNumber(text, 10)
  if (typeof value === 'bigint') throw notANumber(text)
  return toLong(value)
}

function wholeNumber(text: string | null, radix: number): number | JavaLong | bigint {
  if (text === null || text.length > 80 || !/^[+-]?[0-9a-zA-Z]+$/.test(text)) throw notANumber(text)
  if (radix === 10) {
    if (!/^[+-]?\d+$/.test(text)) throw notANumber(text)
    return parseNumber(text.replace(/^\+/, '')) as number | JavaLong | bigint
  }
  if (radix < 2 || radix > 36) throw new TemplateRenderError(`radix ${radix} is not between 2 and 36`)
  const digits = '0123456789abcdefghijklmnopqrstuvwxyz'.slice(0, radix)
  const bare = text.replace(/^[+-]/, '').toLowerCase()
  if ([...bare].some((digit) => !digits.includes(digit))) throw notANumber(text)
  return fromInteger(Number.parseInt(text, radix))
}

function parseDouble(text: string | null): JavaDouble {
  const trimmed = text?.trim() ?? ''
  if (trimmed.length > 400 || !/^[+-]?(?:NaN|Infinity|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[fFdD]?)$/.test(trimmed)) {
    throw notANumber(text)
  }
  return new JavaDouble(Number(trimmed.replace(/(?<=[\d.])[fFdD]$/, '')))
}

function inRadix(value: number, radix: number): string {
  return value.toString(radix < 2 || radix > 36 ? 10 : radix)
}

function notANumber(text: string | null): TemplateRenderError {
  return new TemplateRenderError(`not a number: ${text === null ? 'null' : JSON.stringify(text.slice(0, 80))}`)
}
