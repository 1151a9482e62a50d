import { invoke, methodsOf } from '../methods/methods-of.ts'
import type { Link, TemplateReference } from './ast.ts'
import { DefinedBlock, ForeachScope } from './block.ts'
import type { CompileContext, Evaluate, PreparedCall } from './compile-context.ts'
import { type Position, TemplateRenderError, TemplateSyntaxError } from './errors.ts'
import { HostObject } from './host-object.ts'
import { callMethod } from './method.ts'
import type { Run } from './run.ts'
import { JavaCollection, JavaList, JavaMap, JavaMissing, type Value } from './value.ts'

type Follow = (run: Run, value: Exclude<Value, null>) => Value

/** Compiles a reference to a closure that gives its value, null when it has none. */
export function compileReference(reference: TemplateReference, context: CompileContext): Evaluate {
  const { name } = reference
  const links = reference.links.map((link, i) => compileLink(link, i === 0 ? name : null, context))
  const [first, second] = links
  if (first === undefined) return (run) => run.scope.get(name)
  if (second === undefined) {
    return (run) => {
      const root = run.scope.get(name)
      return root === null ? null : first(run, root)
    }
  }
  return (run) => {
    let value = run.scope.get(name)
    for (const link of links) {
      if (value === null) return null
      value = link(run, value)
    }
    return value
  }
}

/** Whether a reference counts as true in an `#if`: anything but null and false. */
export function truthOf(value: Value, run: Run): boolean {
  if (typeof value === 'boolean') return value
  if (value instanceof JavaMissing) return false
  return value instanceof DefinedBlock ? value.text(run) !== null : value !== null
}

function compileLink(link: Link, root: string | null, context: CompileContext): Follow {
  const follow = compileFollow(link, root, context)
  return (run, value) => follow(run, value) ?? absentMember(value)
}

function compileFollow(link: Link, root: string | null, context: CompileContext): Follow {
  switch (link.kind) {
    case 'property':
      return compileProperty(link.name, context.absentOfText)
    case 'index':
      return compileIndex(context.expression(link.index), link.position)
    case 'method':
      return compileMethodCall(link, root, context)
  }
}

/** The value of a member that is not there. */
function absentMember(value: Exclude<Value, null>): Value {
  if (value instanceof HostObject) return value.absent
  return value instanceof JavaMissing ? value : null
}

function compileProperty(name: string, absentOfText: Value): Follow {
  const getters = getterNames(name)
  return (run, value) => {
    if (value instanceof JavaMap) return value.get(name)
    if (value instanceof HostObject) return value.property(name, run)
    if (value instanceof ForeachScope) return loopProperty(value, name)
    if (value instanceof JavaMissing) return value
    const methods = methodsOf(value)
    for (const getter of getters) {
      if (methods.has(getter)) return callMethod(methods, getter, value, [], run)
    }
    if (typeof value === 'string') return absentOfText
    // Measured on AWS: a name on an empty list of the message prints nothing.
    return value instanceof JavaList && value.kind === 'json' && value.size === 0 ? '' : null
  }
}

/**
 * The methods that `$x.foo` may stand for: getFoo(), getfoo() or isFoo() (Velocity user guide, "Property Lookup
 * Rules").
 */
function getterNames(name: string): string[] {
  const head = name.charAt(0)
  const rest = name.slice(1)
  const [upper, lower] = [head.toUpperCase() + rest, head.toLowerCase() + rest]
  return [`get${upper}`, `get${lower}`, `is${upper}`, `is${lower}`]
}

function loopProperty(loop: ForeachScope, name: string): Value {
  switch (name.charAt(0).toLowerCase() + name.slice(1)) {
    case 'index':
      return loop.index
    case 'count':
      return loop.index + 1
    case 'hasNext':
      return loop.hasNext
    case 'first':
      return loop.index < 1
    case 'last':
      return !loop.hasNext
    case 'parent':
      return loop.parent
    case 'topmost':
      return topmost(loop)
    default:
      return null
  }
}

function topmost(loop: ForeachScope): ForeachScope {
  let top = loop
  while (top.parent !== null) top = top.parent
  return top
}

function compileIndex(index: Evaluate, position: Position): Follow {
  return (run, value) => {
    const key = adjustIndex(value, present(index(run)))
    if (typeof key === 'string') run.characters(key.length)
    if (value instanceof JavaMap) return value.get(key)
    if (value instanceof JavaMissing) return value
    return located(position, () => invoke(value, 'get', [key], run))
  }
}

/** The index that is meant: Velocity counts a negative one from the end (ASTIndex of Velocity 1.7). */
function adjustIndex(value: Value, index: Value): Value {
  return typeof index === 'number' && index < 0 && value instanceof JavaCollection ? value.size + index : index
}

function compileMethodCall(
  { name, args, position }: Extract<Link, { kind: 'method' }>,
  root: string | null,
  context: CompileContext,
): Follow {
  const parts = args.map((arg) => context.expression(arg))
  const general: Follow = (run, value) => {
    const values = parts.map((part) => present(part(run)))
    try {
      return invoke(value, name, values, run)
    } catch (error) {
      throw locate(error, position)
    }
  }
  const prepared = root === null ? null : prepare(root, name, args, position, context)
  if (prepared === null) return general
  return (run, value) => {
    if (!(value instanceof HostObject) || value.role !== root) return general(run, value)
    run.step()
    try {
      return prepared(value, run)
    } catch (error) {
      throw locate(error, position)
    }
  }
}

function present(value: Value): Value {
  return value instanceof JavaMissing ? '' : value
}

function prepare(
  root: string,
  name: string,
  args: Extract<Link, { kind: 'method' }>['args'],
  position: Position,
  context: CompileContext,
): PreparedCall | null {
  const values: Value[] = []
  for (const arg of args) {
    if (arg.kind !== 'string' && arg.kind !== 'number' && arg.kind !== 'boolean') return null
    values.push(arg.value)
  }
  try {
    return context.prepareCall(root, name, values)
  } catch (error) {
    throw new TemplateSyntaxError(error instanceof Error ? error.message : String(error), position)
  }
}

function located<T>(position: Position, run: () => T): T {
  try {
    return run()
  } catch (error) {
    throw locate(error, position)
  }
}

const places = new WeakSet<TemplateRenderError>()

/** Adds the innermost place to an error that has none yet. */
function locate(error: unknown, { line, column }: Position): unknown {
  // A subclass says more than a place could.
  if (!(error instanceof TemplateRenderError) || error.constructor !== TemplateRenderError || places.has(error)) {
    return error
  }
  const placed = new TemplateRenderError(`${error.message} (line ${line}, column ${column})`, { cause: error })
  places.add(placed)
  return placed
}

/** Compiles the left side of a `#set` to a closure that assigns to it. */
export function compileAssignment(
  target: TemplateReference,
  context: CompileContext,
): (run: Run, value: Value) => void {
  const { name, links } = target
  const last = links.at(-1)
  if (last === undefined) {
    // Velocity 1.7 assigns `${x}` and `$!x` to a name that no reference can reach.
    return target.formal || target.quiet ? () => {} : (run, value) => run.scope.set(name, value)
  }
  const owner = compileReference({ ...target, links: links.slice(0, -1) }, context)
  const assign = compileMemberAssignment(last, context)
  return (run, value) => {
    const object = owner(run)
    if (object !== null) assign(run, object, value)
  }
}

function compileMemberAssignment(
  link: Link,
  context: CompileContext,
): (run: Run, object: Exclude<Value, null>, value: Value) => void {
  if (link.kind === 'method') return () => {}
  if (link.kind === 'property') {
    const { name } = link
    return (run, object, value) => {
      if (object instanceof JavaMap) object.put(name, value)
      else if (object instanceof HostObject) object.assign(name, value, run)
    }
  }
  const index = context.expression(link.index)
  return (run, object, value) => {
    const key = adjustIndex(object, index(run))
    if (object instanceof JavaMap) object.put(key, value)
    else if (object instanceof HostObject && typeof key === 'string') object.assign(key, value, run)
    else located(link.position, () => invoke(object, 'set', [key, value], run))
  }
}
