import type { Execute, Run } from './run.ts'
import type { Scope } from './scope.ts'
import { JavaObject } from './value.ts'

/** Times that a `#define` may be inside itself before Velocity prints its name instead: the default of Velocity 1.7. */
export const maxDefineDepth = 2

/**
 * The block that `#define` puts into a variable, and `#@macro` into `$bodyContent` (Velocity user guide, "Define" and
 * "Velocimacros"); it is printed anew wherever it is used.
 */
export class DefinedBlock extends JavaObject {
  private readonly body: Execute
  private readonly scope: Scope
  private readonly maxDepth: number
  private depth = 0

  constructor(body: Execute, scope: Scope, maxDepth: number) {
    super()
    this.body = body
    this.scope = scope
    this.maxDepth = maxDepth
  }

  /** Prints the block where it is used, with the variables there; false when it is inside itself too often. */
  render(run: Run): boolean {
    if (this.depth >= this.maxDepth) return false
    this.depth++
    try {
      this.body(run)
    } catch (signal) {
      if (!(signal instanceof BreakSignal) || signal.scope !== null) throw signal
    } finally {
      this.depth--
    }
    return true
  }

  /**
   * The text that the block prints with the variables where it was defined; Velocity uses those for everything but
   * printing. Null when the block is inside itself too often.
   */
  text(run: Run): string | null {
    const outer = run.scope
    run.scope = this.scope
    try {
      let rendered = false
      const text = run.capture(() => {
        rendered = this.render(run)
      })
      return rendered ? text : null
    } finally {
      run.scope = outer
    }
  }
}

/** The object behind `$foreach` inside of a loop. */
export class ForeachScope extends JavaObject {
  readonly parent: ForeachScope | null
  index = -1
  hasNext = false

  constructor(parent: ForeachScope | null) {
    super()
    this.parent = parent
  }
}

/** Thrown by `#break`: ends the scope it names, or the innermost one. */
export class BreakSignal {
  readonly scope: ForeachScope | null
  constructor(scope: ForeachScope | null) {
    this.scope = scope
  }
}

/** Thrown by `#stop`: ends the template with what it has printed. */
export class StopSignal {}
