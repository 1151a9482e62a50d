import type { Block, Expression } from './ast.ts'
import type { HostObject } from './host-object.ts'
import type { Execute, Run } from './run.ts'
import type { Value } from './value.ts'

export type Evaluate = (run: Run) => Value

/** A call on a host object with literal arguments, made ready at load. */
export type PreparedCall = (target: HostObject, run: Run) => Value

/** The part that the surroundings (API Gateway's objects) take in compiling a template. */
export interface HostCalls {
  /**
   * Makes a call on a plain variable ready whose arguments are all literals, or gives null to leave it to the object's
   * method table. An error that it throws becomes a `TemplateSyntaxError` at the call.
   */
  prepareCall(variable: string, method: string, args: readonly Value[]): PreparedCall | null
  /** The value of a property that a text does not have, such as `$input.body.x`: null in plain Velocity. */
  readonly absentOfText: Value
}

/**
 * The compiler's entry points, handed through it so that its files can compile each other's constructs without
 * importing each other.
 */
export interface CompileContext extends HostCalls {
  expression(expression: Expression): Evaluate
  block(block: Block): Execute
}
