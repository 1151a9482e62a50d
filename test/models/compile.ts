import { compileModels } from '../../src/models/compile-models.ts'
import type { InvalidBody, Model } from '../../src/models/contract.ts'

/** The models of the API `chat` with these schemas, by name. */
export function modelsOf(schemas: Record<string, object | string>): ReadonlyMap<string, Model> {
  const compiled = compile(schemas)
  if (compiled.faults !== null) throw new Error(JSON.stringify(compiled.faults))
  return compiled.models
}

/** The faults of such models, as `path: message`. */
export function faultsOf(schemas: Record<string, object | string>): string[] {
  return (compile(schemas).faults ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`)
}

/** A test of values by one schema. */
export function judgeBy(schema: object | string): (value: unknown) => InvalidBody | null {
  const model = modelsOf({ Model: schema }).get('Model')
  if (model === undefined) throw new Error('no model')
  return (value) => model.judge(value)
}

/** Tests of values by each of these schemas, which are compiled together: that takes much less time. */
export function judgesBy(schemas: readonly object[]): ((value: unknown) => InvalidBody | null)[] {
  const models = modelsOf(Object.fromEntries(schemas.map((schema, index) => [`Model${index}`, schema])))
  return [...models.values()].map(({ judge }) => judge)
}

function compile(schemas: Record<string, object | string>) {
  const contentType = 'application/json'
  const definitions = Object.entries(schemas).map(([name, schema]) => [name, { contentType, schema: schema as object }])
  return compileModels(Object.fromEntries(definitions), 'chat')
}
