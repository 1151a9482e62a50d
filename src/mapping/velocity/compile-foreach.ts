import type { Statement } from './ast.ts'
import { BreakSignal, ForeachScope } from './block.ts'
import type { CompileContext } from './compile-context.ts'
import { iterate, nextItem } from './iteration.ts'
import type { Execute, Run } from './run.ts'
import { NullScope } from './scope.ts'
import type { JavaIterator, Value } from './value.ts'

const counters = ['velocityCount', 'velocityHasNext'] as const

/**
 * Compiles a `#foreach` (Velocity user guide, "Foreach Loop"). Anything that cannot be walked gives no round at all.
 */
export function compileForeach(statement: Extract<Statement, { kind: 'foreach' }>, context: CompileContext): Execute {
  const over = context.expression(statement.over)
  const body = context.block(statement.body)
  const { name } = statement
  return (run) => {
    run.step()
    const iterator = iterate(over(run), run)
    if (iterator === null) return
    const before = [name, ...counters].map((key) => [key, run.scope.get(key)] as const)
    const outer = run.scope.get('foreach')
    const loop = new ForeachScope(outer instanceof ForeachScope ? outer : null)
    run.scope.set('foreach', loop)
    try {
      rounds(run, iterator, loop, name, body)
    } catch (signal) {
      if (!(signal instanceof BreakSignal) || (signal.scope !== null && signal.scope !== loop)) throw signal
    } finally {
      for (const [key, value] of before) restore(run, key, value)
      if (run.scope.get('foreach') === loop) restore(run, 'foreach', outer)
    }
  }
}

function restore(run: Run, name: string, value: Value): void {
  if (value === null) run.scope.remove(name)
  else run.scope.set(name, value)
}

function rounds(run: Run, iterator: JavaIterator, loop: ForeachScope, name: string, body: Execute): void {
  while (iterator.at < iterator.items.length && loop.index + 1 < run.limits.maxIterations) {
    run.step()
    const element = nextItem(iterator)
    loop.index++
    loop.hasNext = iterator.at < iterator.items.length
    run.scope.set('velocityCount', loop.index + 1)
    run.scope.set('velocityHasNext', loop.hasNext)
    run.scope.set(name, element)
    if (element === null) withNull(run, name, body)
    else body(run)
  }
}

function withNull(run: Run, name: string, body: Execute): void {
  const outer = run.scope
  run.scope = new NullScope(outer, name)
  try {
    body(run)
  } finally {
    run.scope = outer
  }
}
