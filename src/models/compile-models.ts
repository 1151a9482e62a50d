import { cpuUsage } from 'node:process'
import type { BoundedAjv } from './bounded-ajv.ts'
import { SchemaPatternError } from './bounded-pattern.ts'
import type { CompiledModels, InvalidBody, Model, ModelDefinition, ModelFault } from './contract.ts'
import { createDraftValidator, type Draft } from './drafts.ts'
import { invalidBody, unjudgedBody } from './invalid-body.ts'
import { modelUrl, referredModel, unknownModel } from './model-url.ts'
import { type ReadSchema, readSchema } from './read-schema.ts'
import { bodyLimits, ValidationBudget } from './validation-budget.ts'

/** Milliseconds of processor time that compiling the models of an API may take; what is left then is refused. */
const maxCompileCpuMillis = 5_000

/** Compiles the models of an API, all at once since they may refer to each other. Never throws. */
export function compileModels(definitions: Readonly<Record<string, ModelDefinition>>, apiId: string): CompiledModels {
  const faults: ModelFault[] = []
  const read = new Map<string, ReadSchema>()
  for (const [name, definition] of Object.entries(definitions)) {
    const found = readSchema(definition)
    if ('message' in found) faults.push({ path: [name, 'schema'], message: found.message })
    else read.set(name, found)
  }
  for (const [name, { references }] of read) {
    for (const { path, target } of references) {
      const message = referenceFault(target, apiId, read.get(name) as ReadSchema, read, definitions)
      if (message !== null) faults.push({ path: [name, 'schema', ...path], message })
    }
  }
  if (faults.length > 0 || read.size === 0) return faults.length > 0 ? { faults } : { faults: null, models: new Map() }
  return compileRead(read, apiId)
}

/** Judges a reference to another model: a sentence, null when nothing is wrong. Other references are ajv's to find. */
function referenceFault(
  target: string,
  apiId: string,
  { draft }: ReadSchema,
  read: ReadonlyMap<string, ReadSchema>,
  definitions: Readonly<Record<string, ModelDefinition>>,
): string | null {
  const referred = referredModel(target)
  if (referred === null) return null
  const { name } = referred
  if (referred.apiId !== apiId) {
    return `leads to the models of another API; this one's are ${modelUrl(apiId, '<name>')}`
  }
  if (!Object.hasOwn(definitions, name)) return unknownModel(name, Object.keys(definitions))
  const other = read.get(name)
  if (other === undefined || other.draft === draft) return null
  return `model ${name} is ${other.draft} and this one is ${draft}: models that refer to each other have the same $schema`
}

/** Compiles models whose schemas could be read; each draft has a validator of its own. */
function compileRead(read: ReadonlyMap<string, ReadSchema>, apiId: string): CompiledModels {
  const budget = new ValidationBudget()
  const faults: ModelFault[] = []
  const report = (name: string, path: FaultySchema['path'], message: string) =>
    void faults.push({ path: [name, 'schema', ...path], message })
  const validators = new Map<Draft, BoundedAjv>()
  for (const [name, each] of read) {
    const validator = validators.get(each.draft) ?? createDraftValidator(each.draft, budget)
    validators.set(each.draft, validator)
    const fault = addSchema(validator, each, modelUrl(apiId, name))
    if (fault !== null) report(name, fault.path, fault.message)
  }
  if (faults.length > 0) return { faults }

  const models = new Map<string, Model>()
  const startedAt = cpuUsage()
  for (const [name, each] of read) {
    const { user, system } = cpuUsage(startedAt)
    if (user + system > maxCompileCpuMillis * 1_000) {
      report(name, [], `the models before this one took more than ${maxCompileCpuMillis} ms to compile`)
      continue
    }
    try {
      const validate = (validators.get(each.draft) as BoundedAjv).compile(modelUrl(apiId, name))
      models.set(name, { name, judge: (value) => judge(value, validate, budget), took: () => budget.took() })
    } catch (error) {
      const fault = compileFault(error, each)
      report(name, fault.path, fault.message)
    }
  }
  return faults.length > 0 ? { faults } : { faults: null, models }
}

interface FaultySchema {
  readonly path: readonly (string | number)[]
  readonly message: string
}

/** Makes a schema known, when it is one of its draft. */
function addSchema(validator: BoundedAjv, { schema, draft }: ReadSchema, url: string): FaultySchema | null {
  try {
    const error = validator.schemaFault(schema)
    if (error !== null) {
      const { path, pointer } = pathOf(schema, error.instancePath)
      return { path, message: `no JSON Schema (${draft})${pointer}: ${error.message}` }
    }
    validator.add(schema, url)
    return null
  } catch (error) {
    return { path: [], message: `the schema can't be used: ${(error as Error).message}` }
  }
}

/** The path of a JSON pointer, and its words for a schema that is written as text, where the path leads nowhere. */
function pathOf(schema: unknown, instancePath: string): { path: (string | number)[]; pointer: string } {
  let value = schema
  const path = instancePath
    .split('/')
    .slice(1)
    .map((step) => {
      const name = step.replaceAll('~1', '/').replaceAll('~0', '~')
      const index = Array.isArray(value) ? Number(name) : name
      value = (value as Record<string | number, unknown>)[index]
      return index
    })
  return { path, pointer: instancePath === '' ? '' : ` at ${instancePath}` }
}

function compileFault(error: unknown, { schema, references }: ReadSchema): FaultySchema {
  const { message } = error as Error
  if (error instanceof RangeError) {
    return { path: [], message: 'the schema is too large to be compiled, or refers to nothing but itself' }
  }
  if (error instanceof SchemaPatternError) return { path: pathOfPattern(schema, error.pattern) ?? [], message }
  const missing = error instanceof Error && 'missingRef' in error ? String(error.missingRef) : null
  if (missing === null) return { path: [], message: `the schema can't be compiled: ${message}` }
  const reference = references.find(({ target }) => missing.endsWith(target))
  const target = reference?.target ?? missing
  return {
    path: reference?.path ?? [],
    message: `$ref ${JSON.stringify(target)} leads nowhere; allowed: #/… in this schema, and the URLs of this API's models (nothing is fetched)`,
  }
}

/** Finds where a pattern stands in a schema: as one, or as a name of `patternProperties`. */
function pathOfPattern(schema: unknown, pattern: string): (string | number)[] | null {
  if (typeof schema !== 'object' || schema === null) return null
  for (const [name, value] of Object.entries(schema)) {
    const step = Array.isArray(schema) ? Number(name) : name
    if (name === 'pattern' && value === pattern) return [step]
    if (name === 'patternProperties' && Object.hasOwn(value as object, pattern)) return [step, pattern]
    const inside = pathOfPattern(value, pattern)
    if (inside !== null) return [step, ...inside]
  }
  return null
}

function judge(
  value: unknown,
  validate: ReturnType<BoundedAjv['compile']>,
  budget: ValidationBudget,
): InvalidBody | null {
  budget.start(bodyLimits)
  try {
    const errors = validate(value)
    return errors === null ? null : invalidBody(errors)
  } catch (error) {
    return unjudgedBody(error)
  }
}
