import { aChar, anInt, method, methodTable, type Overload } from '../velocity/method.ts'
import { JavaChar } from '../velocity/value.ts'
import { objectLines } from './object.ts'

function test(name: string, holds: (text: string) => boolean): [string, Overload] {
  return method(name, [aChar], (_: JavaChar, [char]: readonly [JavaChar]) => holds(char.value))
}

export const charMethods = methodTable(
  ...objectLines,
  method('charValue', [], (self: JavaChar) => self),
  method('compareTo', [aChar], (self: JavaChar, [other]: readonly [JavaChar]) => difference(self, other)),
  method('valueOf', [aChar], (_: JavaChar, [char]: readonly [JavaChar]) => char),
  method('toUpperCase', [aChar], (_: JavaChar, [char]: readonly [JavaChar]) => new JavaChar(char.value.toUpperCase())),
  method('toLowerCase', [aChar], (_: JavaChar, [char]: readonly [JavaChar]) => new JavaChar(char.value.toLowerCase())),
  method('getNumericValue', [aChar], (_: JavaChar, [char]: readonly [JavaChar]) => numericValue(char.value)),
  method('toString', [anInt], (_: JavaChar, [code]: readonly [number]) => String.fromCodePoint(code & 0x1fffff)),
  test('isDigit', (text) => /\p{Nd}/u.test(text)),
  test('isLetter', (text) => /\p{L}/u.test(text)),
  test('isLetterOrDigit', (text) => /[\p{L}\p{Nd}]/u.test(text)),
  test('isUpperCase', (text) => /\p{Lu}/u.test(text)),
  test('isLowerCase', (text) => /\p{Ll}/u.test(text)),
  test('isWhitespace', (text) => isWhitespace(text.charCodeAt(0))),
)

function difference(left: JavaChar, right: JavaChar): number {
  return left.value.charCodeAt(0) - right.value.charCodeAt(0)
}

function numericValue(text: string): number {
  const digit = Number.parseInt(text, 36)
  return Number.isNaN(digit) ? -1 : digit
}

/**
 * Whether a character is white space to java.lang.Character.isWhitespace: control characters that separate, and the
 * Unicode spaces that allow a line break.
 */
export function isWhitespace(code: number): boolean {
  return (code >= 9 && code <= 13) || (code >= 0x1c && code <= 0x20) || isUnicodeSpace(code)
}

function isUnicodeSpace(code: number): boolean {
  if (code < 0x80 || code === 0xa0 || code === 0x2007 || code === 0x202f) return false
  return /[\p{Z}]/u.test(String.fromCharCode(code))
}
