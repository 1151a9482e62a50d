import type { Block, Expression } from './ast.ts'
import type { HostObject } from './host-object.ts'
import type { Run, Step } from './run.ts'
import type { Value } from './value.ts'

export type Evaluate = (run: Run) => Value

/** A call on a host object with literal arguments, made ready at load. */
export type PreparedCall = (target: HostObject, run: Run) => Value

/** What the surroundings take part in while a template is compiled. */
export interface HostCalls {
  /**
   * Offered every call on a plain variable whose arguments are all literals. Gives a call made ready, or null to leave
   * it to the object's method table. What it throws becomes a `TemplateSyntaxError` at the call.
   */
  prepareCall(variable: string, method: string, args: readonly Value[]): PreparedCall | null
}

/** Handed through the compiler, so that its files can compile each other's constructs without importing each other. */
export interface CompileContext extends HostCalls {
  expression(expression: Expression): Evaluate
  block(block: Block): Step
}
