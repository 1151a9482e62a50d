import type { Run } from './run.ts'
import type { Scope } from './scope.ts'
import { JavaObject } from './value.ts'

/** A compiled piece of template: prints into the run. */
export type Step = (run: Run) => void

/** Velocity stops a `#define` that prints itself after this many levels. */
const maxDefineDepth = 2

/** What `#define` puts into a variable, and `#@macro` into `$bodyContent`: printed anew wherever it is used. */
export class DefinedBlock extends JavaObject {
  private readonly body: Step
  private readonly scope: Scope
  private depth = 0

  constructor(body: Step, scope: Scope) {
    super()
    this.body = body
    this.scope = scope
  }

  /** Prints the block where it is used; false, without output, when it is inside itself too often. */
  render(run: Run): boolean {
    if (this.depth >= maxDefineDepth) return false
    const outer = run.scope
    run.scope = this.scope
    this.depth++
    try {
      this.body(run)
    } catch (signal) {
      if (!(signal instanceof BreakSignal) || signal.scope !== null) throw signal
    } finally {
      this.depth--
      run.scope = outer
    }
    return true
  }

  text(run: Run): string | null {
    let rendered = false
    const text = run.capture((inner) => {
      rendered = this.render(inner)
    })
    return rendered ? text : null
  }
}

/** `$foreach` inside of a loop. */
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
