import { fromPlain } from './json.ts'
import { HostObject } from './velocity/host-object.ts'
import { anyObject, aString, type MethodTable, method, methodTable } from './velocity/method.ts'
import type { Run } from './velocity/run.ts'
import { printed } from './velocity/text.ts'
import { JavaChar, JavaDouble, JavaLong, JavaMap, missing, type Value } from './velocity/value.ts'

/** The variables behind `$context`, or behind a part of it such as `$context.identity`. */
export interface TemplateVariables {
  /**
   * The variable of this name: a string, a number, a boolean, null, another TemplateVariables, or undefined for a name
   * that does not exist.
   */
  get(name: string): unknown
  /** The names and values that printing the whole of it shows, in that order. */
  entries(): Iterable<[string, unknown]>
  /**
   * Takes an assignment such as `#set($context.responseOverride.status = 400)` ("Use a mapping template to override an
   * API's request and response parameters and status codes"). Without this member nothing can be assigned.
   */
  set?(name: string, value: string | number | boolean | null): void
}

/** `$context` and whatever is nested in it: single names are asked for one by one, anything else sees a map. */
export class ContextObject extends HostObject {
  readonly role = 'context'
  readonly methods = contextMethods
  override readonly absent = missing
  private readonly context: TemplateVariables

  constructor(context: TemplateVariables) {
    super()
    this.context = context
  }

  property(name: string): Value {
    return toValue(this.context.get(name))
  }

  assign(name: string, value: Value, run: Run): boolean {
    if (this.context.set === undefined) return false
    this.context.set(name, toPlain(value, run))
    return true
  }

  asMap(run: Run): JavaMap {
    const map = new JavaMap()
    for (const [name, value] of this.context.entries()) map.put(name, toValue(value))
    run.step(8 + 4 * map.entries.size)
    return map
  }

  text(run: Run): string {
    return printed(this.asMap(run), run)
  }
}

const contextMethods: MethodTable = methodTable(
  method('get', [aString], (self: ContextObject, [name]: readonly [string | null]) =>
    name === null ? null : self.property(name),
  ),
  method('put', [aString, anyObject], (self: ContextObject, [name, value]: readonly [string | null, Value], run) => {
    if (name !== null) self.assign(name, value, run)
    return null
  }),
)

function toValue(value: unknown): Value {
  return isContext(value) ? new ContextObject(value) : fromPlain(value)
}

function isContext(value: unknown): value is TemplateVariables {
  if (typeof value !== 'object' || value === null) return false
  return 'get' in value && typeof value.get === 'function' && 'entries' in value && typeof value.entries === 'function'
}

function toPlain(value: Value, run: Run): string | number | boolean | null {
  if (value instanceof JavaDouble) return value.value
  if (value instanceof JavaLong) return Number(value.value)
  if (value instanceof JavaChar) return value.value
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return value
  return printed(value, run)
}
