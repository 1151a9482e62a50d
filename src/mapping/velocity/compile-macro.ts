import type { DirectiveArgument, MacroCall } from './ast.ts'
import { BreakSignal, DefinedBlock } from './block.ts'
import type { CompileContext } from './compile-context.ts'
import { TemplateRenderError } from './errors.ts'
import type { Execute, Run } from './run.ts'
import { type MacroArgument, MacroScope } from './scope.ts'

/** Compiles a call of a macro, which is looked up when the call runs: it may be defined further down. */
export function compileMacroCall(call: MacroCall, context: CompileContext): Execute {
  const args = call.args.map((arg) => compileArgument(arg, context))
  const word = call.args.find((arg) => arg.kind === 'word')
  const content = call.body === null ? null : context.block(call.body)
  return (run) => {
    run.step()
    const macro = run.macros.get(call.name)
    if (macro === undefined) return run.emit(call.text)
    if (word !== undefined) throw new TemplateRenderError(`#${call.name} cannot take '${word.text}' as an argument`)
    const caller = run.scope
    const bound = new Map<string, MacroArgument>()
    macro.parameters.forEach((name, i) => {
      const arg = args[i]
      if (arg !== undefined) bound.set(name, arg(run))
    })
    const scope = new MacroScope(caller, bound)
    if (content !== null) scope.setOwn('bodyContent', new DefinedBlock(content, caller, run.limits.maxMacroDepth))
    run.scope = scope
    try {
      nested(run, () => macro.body(run))
    } catch (signal) {
      if (!(signal instanceof BreakSignal) || signal.scope !== null) throw signal
    } finally {
      run.scope = caller
    }
  }
}

/** Runs a body one level deeper, as far as the limit allows. */
export function nested(run: Run, body: () => void): void {
  if (run.macroDepth >= run.limits.maxMacroDepth) {
    throw new TemplateRenderError(`more than ${run.limits.maxMacroDepth} macro calls inside each other`)
  }
  run.macroDepth++
  try {
    body()
  } finally {
    run.macroDepth--
  }
}

/**
 * Compiles an argument: Velocity passes by name (user guide, "Velocimacro Arguments"). Constants are evaluated once,
 * anything else anew at every use and in the caller's scope.
 */
function compileArgument(arg: DirectiveArgument, context: CompileContext): (run: Run) => MacroArgument {
  if (arg.kind === 'word') return () => ({ text: arg.text, read: () => null })
  const value = context.expression(arg)
  const text = arg.kind === 'number' || arg.kind === 'boolean' ? undefined : arg.text
  return (run) => {
    const caller = run.scope
    return {
      text,
      read() {
        const inner = run.scope
        run.scope = caller
        try {
          run.step()
          return value(run)
        } finally {
          run.scope = inner
        }
      },
    }
  }
}
