import type { Statement } from './ast.ts'
import { BreakSignal, ForeachScope, type Step } from './block.ts'
import { type CompileContext, compileBlock } from './compile.ts'
import { compileExpression } from './compile-expression.ts'
import { TemplateRenderError } from './errors.ts'
import type { Run } from './run.ts'
import { NullScope } from './scope.ts'
import { HostObject, JavaCollection, JavaIterator, JavaMap, JavaMapView, type Value } from './value.ts'

const counters = ['velocityCount', 'velocityHasNext'] as const

/** Compiles a `#foreach`. Anything that cannot be walked gives no round at all. */
export function compileForeach(statement: Extract<Statement, { kind: 'foreach' }>, context: CompileContext): Step {
  const over = compileExpression(statement.over, context)
  const body = compileBlock(statement.body, context)
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

function rounds(run: Run, iterator: JavaIterator, loop: ForeachScope, name: string, body: Step): void {
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

function withNull(run: Run, name: string, body: Step): void {
  const outer = run.scope
  run.scope = new NullScope(outer, name)
  try {
    body(run)
  } finally {
    run.scope = outer
  }
}

/** The next element; as in Java, an error when the list changed since the walk began. */
export function nextItem(iterator: JavaIterator): Value {
  if (iterator.source.changes !== iterator.changes) {
    throw new TemplateRenderError('list or map was changed while a loop walked over it')
  }
  return iterator.items[iterator.at++] ?? null
}

/** Begins a walk. That over a map copies its entries, which takes steps. */
export function iteratorOf(collection: JavaCollection, run: Run): JavaIterator {
  if (collection instanceof JavaMapView) run.step(collection.size)
  return new JavaIterator(collection)
}

function iterate(value: Value, run: Run): JavaIterator | null {
  if (value instanceof JavaIterator) return value
  if (value instanceof JavaCollection) return iteratorOf(value, run)
  const map = value instanceof HostObject ? value.asMap(run) : value
  return map instanceof JavaMap ? iteratorOf(new JavaMapView(map, 'values'), run) : null
}
