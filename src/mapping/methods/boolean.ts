import { aBoolean, aString, method, methodTable } from '../velocity/method.ts'
import { objectLines } from './object.ts'

const parse = (text: string | null) => text?.toLowerCase() === 'true'

export const booleanMethods = methodTable(
  ...objectLines,
  method('booleanValue', [], (self: boolean) => self),
  method('compareTo', [aBoolean], (self: boolean, [other]: readonly [boolean]) => Number(self) - Number(other)),
  method('parseBoolean', [aString], (_: boolean, [text]: readonly [string | null]) => parse(text)),
  method('valueOf', [aString], (_: boolean, [text]: readonly [string | null]) => parse(text)),
  method('valueOf', [aBoolean], (_: boolean, [value]: readonly [boolean]) => value),
  method('logicalAnd', [aBoolean, aBoolean], (_: boolean, [a, b]: readonly boolean[]) => a === true && b === true),
  method('logicalOr', [aBoolean, aBoolean], (_: boolean, [a, b]: readonly boolean[]) => a === true || b === true),
  method('logicalXor', [aBoolean, aBoolean], (_: boolean, [a, b]: readonly boolean[]) => a !== b),
)
