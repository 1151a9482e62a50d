import type { MethodTable } from './method.ts'
import type { Run } from './run.ts'
import { type JavaMap, JavaObject, type Value } from './value.ts'

/**
 * An object that API Gateway gives to a template, such as `$input`: it says itself which members and methods it has.
 */
export abstract class HostObject extends JavaObject {
  /** The variable that the object is made for; calls prepared at load for that variable run only on such an object. */
  abstract readonly role: string
  abstract readonly methods: MethodTable
  /** The value of a member that the object does not have: null, or `missing` where AWS prints nothing for it. */
  readonly absent: Value = null
  abstract property(name: string, run: Run): Value
  /** Assigns to a member; false when there is nothing to assign to. */
  abstract assign(name: string, value: Value, run: Run): boolean
  abstract text(run: Run): string
  /** The object as a map, for the methods of one; null when it is none. */
  abstract asMap(run: Run): JavaMap | null
}
