import type { Value } from './value.ts'

/** The variables that a piece of template sees. */
export interface Scope {
  get(name: string): Value
  set(name: string, value: Value): void
  remove(name: string): void
  /** The argument of this name as the caller of a macro wrote it, to print when it has no value. */
  argumentText(name: string): string | undefined
}

export class RootScope implements Scope {
  private readonly values = new Map<string, Value>()

  get(name: string): Value {
    return this.values.get(name) ?? null
  }

  set(name: string, value: Value): void {
    this.values.set(name, value)
  }

  remove(name: string): void {
    this.values.delete(name)
  }

  argumentText(): undefined {
    return undefined
  }
}

export interface MacroArgument {
  /** The argument as written by the caller; undefined for a constant, which always has a value. */
  readonly text: string | undefined
  /** Evaluates the argument in the caller's scope: Velocity passes by name. */
  read(): Value
}

/**
 * The variables inside a macro, as in ProxyVMContext of Velocity 1.7. A `#set` reaches the caller too, but the caller's
 * variable of an argument keeps its value: Velocity puts into the macro's own variables first and then into the
 * surrounding ones under the same name.
 */
export class MacroScope implements Scope {
  private readonly own = new Map<string, Value>()
  private readonly args: Map<string, MacroArgument>
  private readonly outer: Scope

  constructor(outer: Scope, args: Map<string, MacroArgument>) {
    this.outer = outer
    this.args = args
  }

  get(name: string): Value {
    const own = this.own.get(name)
    if (own !== undefined && own !== null) return own
    const arg = this.args.get(name)
    return arg === undefined ? this.outer.get(name) : arg.read()
  }

  set(name: string, value: Value): void {
    this.own.set(name, value)
    this.outer.set(name, value)
  }

  /** Sets a variable that the caller does not see. */
  setOwn(name: string, value: Value): void {
    this.own.set(name, value)
  }

  remove(name: string): void {
    this.own.delete(name)
    this.args.delete(name)
    this.outer.remove(name)
  }

  argumentText(name: string): string | undefined {
    return this.args.get(name)?.text ?? this.outer.argumentText(name)
  }
}

/**
 * The variables of a `#foreach` round whose element is null, as in Foreach.NullHolderContext of Velocity 1.7: the name
 * hides an outer value without having one, even after a `#set`, until it is removed.
 */
export class NullScope implements Scope {
  private readonly name: string
  private readonly outer: Scope
  private hides = true

  constructor(outer: Scope, name: string) {
    this.outer = outer
    this.name = name
  }

  get(name: string): Value {
    return this.hides && name === this.name ? null : this.outer.get(name)
  }

  set(name: string, value: Value): void {
    if (name === this.name && value === null) this.hides = true
    this.outer.set(name, value)
  }

  remove(name: string): void {
    if (name === this.name) this.hides = false
    this.outer.remove(name)
  }

  argumentText(name: string): string | undefined {
    return this.outer.argumentText(name)
  }
}
