import { TemplateRenderError } from './errors.ts'
import type { Run } from './run.ts'
import { JavaChar, JavaCollection, JavaDouble, JavaList, JavaLong, JavaMap, type Value } from './value.ts'

/** Says whether a value fits a parameter, as Velocity finds a method by the classes of its arguments. */
export type Parameter = (value: Value) => boolean

export interface Overload {
  readonly parameters: readonly Parameter[]
  /** The kind of the further arguments, of which there may be any number; null where there may be none. */
  readonly rest: Parameter | null
  call(self: Value, args: readonly Value[], run: Run): Value
}

/** Methods by name. A Map, because a name in a template may be `constructor` or `__proto__`. */
export type MethodTable = ReadonlyMap<string, readonly Overload[]>

export const anyObject: Parameter = () => true
export const aString: Parameter = (value) => value === null || typeof value === 'string'
export const anInt: Parameter = (value) => typeof value === 'number'
export const aLong: Parameter = (value) => typeof value === 'number' || value instanceof JavaLong
export const aDouble: Parameter = (value) => aLong(value) || value instanceof JavaDouble
export const aBoolean: Parameter = (value) => typeof value === 'boolean'
export const aChar: Parameter = (value) => value instanceof JavaChar
export const aCollection: Parameter = (value) => value === null || value instanceof JavaCollection
export const aMap: Parameter = (value) => value === null || value instanceof JavaMap
export const anArray: Parameter = (value) => value instanceof JavaList && value.kind === 'array'

/** One line of a method table. The parameters vouch for the types that `call` says its arguments have. */
export function method<T extends Value, A extends readonly Value[]>(
  name: string,
  parameters: readonly Parameter[],
  call: (self: T, args: A, run: Run) => Value,
): [string, Overload] {
  return [name, { parameters, rest: null, call: call as Overload['call'] }]
}

/** One line of a method table as `method` makes it, for Java's `Object...`. */
export function variadic<T extends Value, A extends readonly Value[]>(
  name: string,
  parameters: readonly Parameter[],
  rest: Parameter,
  call: (self: T, args: A, run: Run) => Value,
): [string, Overload] {
  return [name, { parameters, rest, call: call as Overload['call'] }]
}

/** Builds a table; several lines of one name are overloads, tried in order. */
export function methodTable(...lines: readonly (readonly [string, Overload])[]): MethodTable {
  const table = new Map<string, Overload[]>()
  for (const [name, overload] of lines) {
    const known = table.get(name)
    if (known === undefined) table.set(name, [overload])
    else known.push(overload)
  }
  return table
}

/** Characters from which a text that is an argument counts. */
const longText = 64

/** Calls the overload that fits. Null, an undefined reference, when the class has no such method. */
export function callMethod(table: MethodTable, name: string, self: Value, args: readonly Value[], run: Run): Value {
  const overloads = table.get(name)
  if (overloads === undefined) return null
  run.step()
  // Whatever is done with a long text, it is at least compared or copied.
  for (const arg of args) if (typeof arg === 'string' && arg.length > longText) run.characters(arg.length)
  for (const overload of overloads) {
    if (fits(overload, args)) return overload.call(self, args, run)
  }
  // Velocity 1.7 takes a method without parameters for applicable to any call, and then Java refuses.
  if (args.length > 0 && overloads.some((overload) => overload.parameters.length === 0)) {
    throw new TemplateRenderError(`${name}() takes no arguments`)
  }
  return null
}

function fits({ parameters, rest }: Overload, args: readonly Value[]): boolean {
  if (rest === null ? parameters.length !== args.length : args.length < parameters.length) return false
  for (let i = 0; i < args.length; i++) {
    if (!(parameters[i] ?? rest)?.(args[i] as Value)) return false
  }
  return true
}
