import { HostObject } from '../velocity/host-object.ts'
import { callMethod, type MethodTable } from '../velocity/method.ts'
import type { Run } from '../velocity/run.ts'
import {
  JavaChar,
  JavaDouble,
  JavaEntry,
  JavaIterator,
  JavaList,
  JavaLong,
  JavaMap,
  JavaMapView,
  JavaMissing,
  type Value,
} from '../velocity/value.ts'
import { booleanMethods } from './boolean.ts'
import { charMethods } from './char.ts'
import { listMethods, viewMethods } from './collection.ts'
import { entryMethods, iteratorMethods, mapMethods } from './map.ts'
import { bigIntegerMethods, doubleMethods, integerMethods, longMethods } from './number.ts'
import { objectMethods } from './object.ts'
import { stringMethods } from './string.ts'

/** The methods of a value's Java class. Nothing else can be called: there is no reflection and no prototype. */
export function methodsOf(value: Exclude<Value, null>): MethodTable {
  switch (typeof value) {
    case 'string':
      return stringMethods
    case 'number':
      return integerMethods
    case 'boolean':
      return booleanMethods
    case 'bigint':
      return bigIntegerMethods
  }
  if (value instanceof JavaMap) return mapMethods
  if (value instanceof JavaList) return listMethods
  if (value instanceof JavaMapView) return viewMethods
  if (value instanceof JavaEntry) return entryMethods
  if (value instanceof JavaIterator) return iteratorMethods
  if (value instanceof JavaLong) return longMethods
  if (value instanceof JavaDouble) return doubleMethods
  if (value instanceof JavaChar) return charMethods
  return value instanceof HostObject ? value.methods : objectMethods
}

/** Calls a method of a value; null, which is an undefined reference, when no method fits. */
export function invoke(value: Exclude<Value, null>, name: string, args: readonly Value[], run: Run): Value {
  if (value instanceof JavaMissing) return callMethod(stringMethods, name, '', args, run)
  const methods = methodsOf(value)
  if (!(value instanceof HostObject) || methods.has(name)) return callMethod(methods, name, value, args, run)
  const map = value.asMap(run)
  return map === null ? null : callMethod(mapMethods, name, map, args, run)
}
