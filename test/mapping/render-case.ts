import type { TemplateVariables } from '../../src/mapping/context-object.ts'
import { fromPlain } from '../../src/mapping/json.ts'
import { compileMappingTemplate } from '../../src/mapping/template.ts'
import { compileVelocity, runTemplate } from '../../src/mapping/velocity/compile.ts'
import { Cursor } from '../../src/mapping/velocity/cursor.ts'
import { defaultLimits, type TemplateLimits } from '../../src/mapping/velocity/limits.ts'
import { parseTemplate } from '../../src/mapping/velocity/parse-template.ts'
import { Run } from '../../src/mapping/velocity/run.ts'
import { RootScope } from '../../src/mapping/velocity/scope.ts'
import type { OracleCase } from './oracle/cases.ts'

/** Renders a case the way the oracle does: plain Velocity with variables, or with API Gateway's own objects. */
export function renderCase({ template, variables, input }: OracleCase): string {
  if (input === undefined) return renderVelocity(template, variables ?? {})
  return compileMappingTemplate(template).render({
    body: input.body,
    params: { path: {}, querystring: {}, header: {}, ...input.params },
    context: contextOf(input.context ?? {}),
    stageVariables: input.stageVariables ?? {},
  })
}

/** Renders with the engine alone, without anything of AWS. */
export function renderVelocity(
  template: string,
  variables: Readonly<Record<string, unknown>> = {},
  limits: Partial<TemplateLimits> = {},
): string {
  const all = { ...defaultLimits, ...limits }
  const compiled = compileVelocity(parseTemplate(new Cursor(template), all), {
    prepareCall: () => null,
    absentOfText: null,
  })
  const scope = new RootScope()
  for (const [name, value] of Object.entries(variables)) scope.set(name, fromPlain(value))
  const run = new Run(scope, compiled.macros, all)
  runTemplate(compiled.body, run)
  return run.out
}

/** A `$context` made of plain objects. */
export function contextOf(values: Readonly<Record<string, unknown>>): TemplateVariables {
  const wrap = (value: unknown) =>
    typeof value === 'object' && value !== null ? contextOf(value as Record<string, unknown>) : value
  return {
    get: (name) => (Object.hasOwn(values, name) ? wrap(values[name]) : undefined),
    entries: () => Object.entries(values).map(([name, value]): [string, unknown] => [name, wrap(value)]),
  }
}
