import type { Block, ParsedTemplate, Print, Statement } from './ast.ts'
import { BreakSignal, DefinedBlock, ForeachScope, maxDefineDepth, StopSignal } from './block.ts'
import type { CompileContext, HostCalls } from './compile-context.ts'
import { compileExpression, compileTest } from './compile-expression.ts'
import { compileForeach } from './compile-foreach.ts'
import { compileMacroCall, nested } from './compile-macro.ts'
import { compileAssignment, compileReference } from './compile-reference.ts'
import { Cursor } from './cursor.ts'
import { TemplateRenderError, TemplateSyntaxError } from './errors.ts'
import { parseTemplate } from './parse-template.ts'
import type { CompiledMacro, Execute, Run } from './run.ts'
import { printed, valueText } from './text.ts'

export interface CompiledTemplate {
  readonly body: Execute
  readonly macros: ReadonlyMap<string, CompiledMacro>
}

/** Compiles a parsed Velocity template to closures. */
export function compileVelocity(template: ParsedTemplate, host: HostCalls): CompiledTemplate {
  const context: CompileContext = {
    ...host,
    expression: (expression) => compileExpression(expression, context),
    block: (block) => compileBlock(block, context),
  }
  const macros = template.macros.map(
    ({ name, parameters, body }) => [name, { parameters, body: compileBlock(body, context) }] as const,
  )
  return { body: compileBlock(template.body, context), macros: new Map(macros) }
}

/** Runs a compiled template to its end or to a `#stop`. */
export function runTemplate(body: Execute, run: Run): void {
  try {
    body(run)
  } catch (signal) {
    if (!(signal instanceof StopSignal || signal instanceof BreakSignal)) throw signal
  }
}

/** Compiles a row of statements to one closure. */
function compileBlock(block: Block, context: CompileContext): Execute {
  const steps = joinTexts(block).map((statement) => compileStatement(statement, context))
  const [first, second] = steps
  if (first === undefined) return () => {}
  if (second === undefined) return first
  return (run) => {
    for (const step of steps) step(run)
  }
}

function joinTexts(block: Block): Statement[] {
  const joined: Statement[] = []
  for (const statement of block) {
    const last = joined.at(-1)
    if (statement.kind === 'text' && last?.kind === 'text') {
      joined[joined.length - 1] = { kind: 'text', text: last.text + statement.text }
    } else joined.push(statement)
  }
  return joined
}

function compileStatement(statement: Statement, context: CompileContext): Execute {
  switch (statement.kind) {
    case 'text': {
      const { text } = statement
      return (run) => run.emit(text)
    }
    case 'print':
      return compilePrint(statement, context)
    case 'set':
      return compileSet(statement, context)
    case 'if':
      return compileIf(statement, context)
    case 'foreach':
      return compileForeach(statement, context)
    case 'break':
      return compileBreak(statement, context)
    case 'stop':
      return () => {
        throw new StopSignal()
      }
    case 'define': {
      const { name } = statement
      const body = compileBlock(statement.body, context)
      return (run) => run.scope.set(name, new DefinedBlock(body, run.scope, maxDefineDepth))
    }
    case 'evaluate':
      return compileEvaluate(statement, context)
    case 'call':
      return compileMacroCall(statement, context)
  }
}

/**
 * Compiles a reference among text. Escaping depends on the value: Velocity prints all of the backslashes when the
 * reference has none (user guide, "Escaping Valid VTL References" and "Escaping Invalid VTL References").
 */
function compilePrint({ reference, slashes }: Print, context: CompileContext): Execute {
  const value = compileReference(reference, context)
  const prefix = '\\'.repeat(Math.floor(slashes / 2))
  const escaped = slashes % 2 === 1
  const { quiet, name, text } = reference
  const plain = !reference.formal && !quiet && reference.links.length === 0
  const missing = (run: Run) => {
    if (escaped) return `${prefix}\\${text}`
    if (quiet) return prefix + prefix
    return prefix + prefix + (plain ? (run.scope.argumentText(name) ?? text) : text)
  }
  return (run) => {
    run.step()
    const found = value(run)
    if (typeof found === 'string') run.emit(escaped ? prefix + text : prefix + found)
    else if (found instanceof DefinedBlock && !escaped) {
      run.emit(prefix)
      if (!found.render(run)) run.emit(missing(run).slice(prefix.length))
    } else {
      const shown = found === null ? null : valueText(found, run)
      run.emit(shown === null ? missing(run) : prefix + (escaped ? text : shown))
    }
  }
}

function compileSet(statement: Extract<Statement, { kind: 'set' }>, context: CompileContext): Execute {
  const value = compileExpression(statement.value, context)
  const assign = compileAssignment(statement.target, context)
  return (run) => {
    run.step()
    const result = value(run)
    // A right side without a value leaves the left side as it was (Velocity user guide, "Set").
    if (result !== null) assign(run, result)
  }
}

function compileIf(statement: Extract<Statement, { kind: 'if' }>, context: CompileContext): Execute {
  const branches = statement.branches.map(({ test, body }) => ({
    test: compileTest(test, context),
    body: compileBlock(body, context),
  }))
  const otherwise = statement.otherwise === null ? null : compileBlock(statement.otherwise, context)
  return (run) => {
    run.step()
    for (const { test, body } of branches) {
      if (test(run)) return body(run)
    }
    otherwise?.(run)
  }
}

function compileBreak({ scope, position }: Extract<Statement, { kind: 'break' }>, context: CompileContext): Execute {
  if (scope === null) {
    return () => {
      throw new BreakSignal(null)
    }
  }
  const target = compileExpression(scope, context)
  return (run) => {
    const found = target(run)
    if (found instanceof ForeachScope) throw new BreakSignal(found)
    throw new TemplateRenderError(`#break needs a loop such as $foreach.parent (line ${position.line})`)
  }
}

function compileEvaluate(
  { source, position }: Extract<Statement, { kind: 'evaluate' }>,
  context: CompileContext,
): Execute {
  const value = compileExpression(source, context)
  return (run) => {
    const text = value(run)
    if (text === null) return
    const inner = compileSource(printed(text, run), run, context, position.line)
    run.macros = new Map([...inner.macros, ...run.macros])
    nested(run, () => {
      try {
        inner.body(run)
      } catch (signal) {
        if (!(signal instanceof BreakSignal) || signal.scope !== null) throw signal
      }
    })
  }
}

function compileSource(text: string, run: Run, context: CompileContext, line: number): CompiledTemplate {
  run.step(8 * text.length)
  try {
    return compileVelocity(parseTemplate(new Cursor(text), run.limits), context)
  } catch (error) {
    if (!(error instanceof TemplateSyntaxError)) throw error
    throw new TemplateRenderError(`#evaluate in line ${line}: ${error.message}`, { cause: error })
  }
}
