import type { Ajv, Code, CodeKeywordDefinition, ErrorObject, Format, KeywordCxt } from 'ajv'
import { hasDuplicates } from './has-duplicates.ts'
import { addLengthKeywords } from './length-keywords.ts'
import { schemaLimits, type ValidationBudget } from './validation-budget.ts'

/** Characters that a value may have under a format whose values are short; longer ones do not have the format. */
const maxShortFormat = 2_048
/** Formats whose values may be long; their patterns were measured to take time in proportion to the length. */
const longFormats: ReadonlySet<string> = new Set([
  'uri',
  'uri-reference',
  'uri-template',
  'json-pointer',
  'json-pointer-uri-fragment',
  'relative-json-pointer',
  'byte',
  'binary',
  'password',
])
/** Keywords that look at every member of an object by themselves. */
const memberKeywords: ReadonlySet<string> = new Set([
  'additionalProperties',
  'patternProperties',
  'propertyNames',
  'unevaluatedProperties',
  'minProperties',
  'maxProperties',
])

/** The part of ajv that compiling models takes: every schema that it compiles takes its steps from the budget. */
export interface BoundedAjv {
  /** Judges a schema by the schema of its draft; null when it is one. */
  schemaFault(schema: object): ErrorObject | null
  /** Makes a schema known under a URL, for references to it. Throws an Error for one that can't be. */
  add(schema: object, url: string): void
  /**
   * Compiles the schema under a URL to a test that gives the errors of a value, null for none. Throws an Error for what
   * can't be compiled.
   */
  compile(url: string): (value: unknown) => readonly ErrorObject[] | null
}

/** The bounds of an instance, and what it takes to write them into its code. */
export interface AjvBounds {
  readonly budget: ValidationBudget
  /** ajv's own `_`, which makes code of a template: this file must not load ajv. */
  readonly codeOf: typeof import('ajv')._
  readonly formats: { readonly names: readonly string[]; readonly all: Readonly<Record<string, Format | undefined>> }
}

/** Puts bounds into an instance of ajv that has compiled nothing yet, whatever its draft. */
export function boundAjv(ajv: Pick<Ajv, AjvMember>, bounds: AjvBounds): BoundedAjv {
  const { budget, formats } = bounds
  ajv.removeKeyword('uniqueItems')
  ajv.addKeyword({
    keyword: 'uniqueItems',
    type: 'array',
    schemaType: 'boolean',
    // ajv compares each item with every other one.
    compile: (isAsked: boolean) => (items: readonly unknown[]) => !isAsked || !hasDuplicates(items, budget),
  })
  addLengthKeywords(ajv, bounds.codeOf)
  for (const name of formats.names) {
    const format = formats.all[name]
    if (format !== undefined) ajv.addFormat(name, longFormats.has(name) ? format : short(format))
  }
  countSteps(ajv, bounds)

  return {
    schemaFault(schema) {
      budget.start(schemaLimits)
      return ajv.validateSchema(schema) === true ? null : (ajv.errors?.at(-1) ?? null)
    },
    add(schema, url) {
      ajv.addSchema(schema, url, false, false)
    },
    compile(url) {
      const validate = ajv.getSchema(url)
      if (validate === undefined) throw new Error('no schema is known under its URL')
      // Its answer would be a promise, which is true for every value.
      if ('$async' in validate) throw new Error('$async is no keyword of JSON Schema')
      return (value) => (validate(value) ? null : (validate.errors ?? []))
    },
  }
}

type AjvMember =
  | 'removeKeyword'
  | 'addKeyword'
  | 'addFormat'
  | 'validateSchema'
  | 'addSchema'
  | 'getSchema'
  | 'errors'
  | 'RULES'

function short(format: Format): Format {
  if (format instanceof RegExp) return (text: string) => text.length <= maxShortFormat && format.test(text)
  if (typeof format === 'function') return (text: string) => text.length <= maxShortFormat && format(text) === true
  if (typeof format !== 'object' || format.type === 'number') return format
  const { validate } = format as { validate: RegExp | ((text: string) => boolean) }
  return short(validate)
}

/** Lets the code of every keyword begin with taking its steps. */
function countSteps(ajv: Pick<Ajv, 'RULES'>, bounds: AjvBounds): void {
  const { rules, all } = ajv.RULES
  const definitions = new Set<unknown>()
  for (const rule of [...rules.flatMap((group) => group.rules), ...Object.values(all)]) {
    if (typeof rule === 'object') definitions.add(rule.definition)
  }
  for (const definition of definitions as Set<Partial<CodeKeywordDefinition>>) {
    const { code } = definition
    if (code === undefined) continue
    definition.code = (context, ruleType) => {
      context.gen.code(stepsOf(context, ruleType, bounds))
      code.call(definition, context, ruleType)
    }
  }
}

/** The code that takes the steps of a keyword: more where it lists much, and where the value is long. */
function stepsOf(context: KeywordCxt, ruleType: string | undefined, { budget, codeOf }: AjvBounds): Code {
  const { gen, data, keyword, schema } = context
  const name = gen.scopeValue('obj', { ref: budget })
  if (memberKeywords.has(keyword)) return codeOf`${name}.members(${data})`
  const listed = typeof schema === 'object' && schema !== null ? Object.keys(schema).length : 0
  const own = 1 + (listed >> 2)
  const left = codeOf`${name}.left`
  const isLong = ruleType === 'string' || ruleType === 'array'
  const taken = isLong
    ? codeOf`${left} -= ${own} + (${data}.length >> ${ruleType === 'string' ? 6 : 3})`
    : codeOf`${left} -= ${own}`
  return codeOf`if ((${taken}) < ${name}.nextLook) ${name}.look()`
}
