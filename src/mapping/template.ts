import { ContextObject, type TemplateVariables } from './context-object.ts'
import { BodyNotJsonError, InputObject, prepareInputCall, type TemplateParams } from './input-object.ts'
import { readsBody } from './reads-body.ts'
import { RecordObject } from './record-object.ts'
import { utilObject } from './util-object.ts'
import type { ParsedTemplate } from './velocity/ast.ts'
import { type CompiledTemplate, compileVelocity, runTemplate } from './velocity/compile.ts'
import type { HostCalls } from './velocity/compile-context.ts'
import { Cursor } from './velocity/cursor.ts'
import { TemplateRenderError, TemplateSyntaxError } from './velocity/errors.ts'
import { defaultLimits, type TemplateLimits } from './velocity/limits.ts'
import { parseTemplate } from './velocity/parse-template.ts'
import { type LongRenderings, Run } from './velocity/run.ts'
import { RootScope } from './velocity/scope.ts'
import { missing } from './velocity/value.ts'

export {
  BodyNotJsonError,
  type LongRenderings,
  type TemplateLimits,
  TemplateRenderError,
  TemplateSyntaxError,
  type TemplateVariables,
}

export interface TemplateInput {
  readonly body: string
  readonly params: TemplateParams
  readonly context: TemplateVariables
  readonly stageVariables: Readonly<Record<string, string>>
}

/** A mapping template compiled at load. It has no state: one may render any number of messages. */
export interface MappingTemplate {
  /** The output of a template that depends on nothing, so that a message need not render it; otherwise null. */
  readonly constant: string | null
  /** Whether the template looks at the body. */
  readonly readsBody: boolean
  /**
   * Renders the template for one input. Throws `TemplateRenderError`, and `BodyNotJsonError` when a part of a body is
   * wanted that is no JSON. A rendering of some length asks `longOnes` whether it may go on, throws what that throws, and
   * tells it what it took.
   */
  render(input: TemplateInput, longOnes?: LongRenderings): string
}

export interface MappingTemplateOptions {
  readonly limits?: Partial<TemplateLimits>
}

/**
 * Compiles an API Gateway mapping template. Throws `TemplateSyntaxError`.
 *
 *     const template = compileMappingTemplate(`{"room":"$input.path('$.room')"}`)
 *     template.render({ body: '{"room":"attic"}', params, context, stageVariables: {} }) // {"room":"attic"}
 */
export function compileMappingTemplate(source: string, options: MappingTemplateOptions = {}): MappingTemplate {
  const limits: TemplateLimits = { ...defaultLimits, ...options.limits }
  const cursor = new Cursor(source)
  if (Buffer.byteLength(source) > limits.maxSourceBytes) {
    cursor.fail(`template is longer than ${limits.maxSourceBytes} bytes`)
  }
  const { template, compiled } = guardStack(
    () => {
      const parsed = parseTemplate(cursor, limits)
      return { template: parsed, compiled: compileVelocity(parsed, awsCalls) }
    },
    () => new TemplateSyntaxError('template is nested too deeply', { line: 1, column: 1 }),
  )
  return {
    constant: constantText(template),
    readsBody: readsBody(template),
    render: (input, longOnes) => render(compiled, input, limits, longOnes),
  }
}

const awsCalls: HostCalls = {
  prepareCall: (variable, method, args) => (variable === 'input' ? prepareInputCall(method, args) : null),
  // Measured on AWS: `#set($x = $input.body.name)$x` prints nothing.
  absentOfText: missing,
}

function render(
  { body, macros }: CompiledTemplate,
  input: TemplateInput,
  limits: TemplateLimits,
  longOnes?: LongRenderings,
): string {
  const scope = new RootScope()
  scope.set('input', new InputObject(input.body, input.params))
  scope.set('context', new ContextObject(input.context))
  scope.set('stageVariables', new RecordObject(input.stageVariables))
  scope.set('util', utilObject)
  const run = new Run(scope, macros, limits, longOnes)
  try {
    guardStack(
      () => runTemplate(body, run),
      () => new TemplateRenderError('template is nested too deeply'),
    )
  } finally {
    run.end()
  }
  // Three bytes are the most that one unit of UTF-16 takes.
  if (run.out.length * 3 > limits.maxOutputBytes) run.limitLength(Buffer.byteLength(run.out))
  return run.out
}

/**
 * Runs a call and throws `error` when the stack ends. The depth limits leave room on an ordinary stack; this is for a
 * template that starts near the end of one.
 */
function guardStack<T>(call: () => T, error: () => Error): T {
  try {
    return call()
  } catch (thrown) {
    if (thrown instanceof RangeError) throw error()
    throw thrown
  }
}

function constantText({ body }: ParsedTemplate): string | null {
  let text = ''
  for (const statement of body) {
    if (statement.kind !== 'text') return null
    text += statement.text
  }
  return text
}
