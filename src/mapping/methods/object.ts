import { hashOf, javaEquals } from '../velocity/equality.ts'
import { anyObject, method, methodTable, type Overload } from '../velocity/method.ts'
import { printed } from '../velocity/text.ts'
import type { Value } from '../velocity/value.ts'

/** The methods that every Java object has, without the parts that lead to reflection. */
export const objectLines: readonly (readonly [string, Overload])[] = [
  method('toString', [], (self: Value, _, run) => printed(self, run)),
  method('hashCode', [], (self: Value, _, run) => hashOf(self, run)),
  method('equals', [anyObject], (self: Value, [other]: readonly [Value], run) => javaEquals(self, other, run)),
]

export const objectMethods = methodTable(...objectLines)
