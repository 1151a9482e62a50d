import type { ErrorObject } from 'ajv'

/** Characters of a value, or of a list of them, that a message shows. */
const maxShown = 80
/** Names that a message lists. */
const maxListed = 20

/** The reason why a value does not fit, in words. */
export interface ErrorText {
  /** The text of API Gateway, where it is known. */
  readonly message: string
  /** The same without the values of the body. */
  readonly forLog: string
}

/**
 * The words for an error of ajv (with `verbose`): those of the Java validator whose texts API Gateway shows in
 * `$context.error.validationErrorString`, for the keywords that it has, and ajv's own for those of later drafts.
 */
export function errorText(error: ErrorObject): ErrorText {
  const known = Object.hasOwn(texts, error.keyword) ? texts[error.keyword] : undefined
  const found = known?.(error) ?? error.message ?? `does not fit ${error.keyword}`
  return typeof found === 'string' ? { message: found, forLog: found } : found
}

type Text = (error: ErrorObject) => ErrorText | string

const texts: Readonly<Record<string, Text>> = {
  type: ({ schema, data }) =>
    `instance type (${typeOf(data)}) does not match any allowed primitive type (allowed: ${json(allowedTypes(schema))})`,
  required: ({ params, schema, data }) =>
    `object has missing required properties (${json(missing(schema, data, params.missingProperty))})`,
  additionalProperties: ({ params, parentSchema, data }) =>
    unknownProperties(params.additionalProperty, parentSchema, data),
  unevaluatedProperties: ({ params, data }) => unknownProperties(params.unevaluatedProperty, undefined, data),
  dependencies: dependency,
  dependentRequired: dependency,
  enum: ({ schema, data }) => notInEnum(schema, data),
  const: ({ schema, data }) => notInEnum([schema], data),
  minLength: ({ schema, data }) => length('short', schema, data, 'required minimum'),
  maxLength: ({ schema, data }) => length('long', schema, data, 'maximum allowed'),
  pattern: ({ schema, data }) =>
    withValue((value) => `ECMA 262 regex "${schema}" does not match input string${value}`, ` "${shown(data)}"`),
  minimum: ({ schema, data, params }) => limit('lower', 'minimum', params.comparison === '>', schema, data),
  maximum: ({ schema, data, params }) => limit('greater', 'maximum', params.comparison === '<', schema, data),
  exclusiveMinimum: ({ schema, data }) => limit('lower', 'minimum', true, schema, data),
  exclusiveMaximum: ({ schema, data }) => limit('greater', 'maximum', true, schema, data),
  multipleOf: ({ schema, data }) =>
    withValue((value) => `remainder of division is not zero (${value}${schema})`, `${shown(data)} / `),
  minItems: ({ schema, data }) =>
    `array is too short: must have at least ${schema} elements but instance has ${sizeOf(data)} elements`,
  maxItems: ({ schema, data }) =>
    `array is too long: must have at most ${schema} elements but instance has ${sizeOf(data)} elements`,
  uniqueItems: () => 'array must not contain duplicate elements',
  additionalItems: tooManyItems,
  items: tooManyItems,
  unevaluatedItems: tooManyItems,
  minProperties: ({ schema, data }) =>
    `object has too few properties (found ${sizeOf(data)} but schema requires at least ${schema})`,
  maxProperties: ({ schema, data }) =>
    `object has too many properties (found ${sizeOf(data)} but schema requires at most ${schema})`,
  anyOf: ({ schema }) => `instance failed to match at least one required schema among ${sizeOf(schema)}`,
  oneOf: ({ schema, params }) =>
    `instance failed to match exactly one schema (matched ${params.passingSchemas?.length ?? 0} out of ${sizeOf(schema)})`,
  not: () => 'instance matched a schema which it should not have',
  'false schema': () => 'instance is not allowed by the schema',
  format: ({ schema, data }) =>
    withValue((value) => `string${value} ${formatWords(String(schema))}`, ` "${shown(data)}"`),
}

/** The text of a format: API Gateway's for those that it has. */
function formatWords(format: string): string {
  return (Object.hasOwn(formats, format) ? formats[format] : undefined) ?? `is not a valid ${format}`
}

const dateTimes = "[yyyy-MM-dd'T'HH:mm:ssZ, yyyy-MM-dd'T'HH:mm:ss.[0-9]{1,12}Z]"
const formats: Readonly<Record<string, string>> = {
  'date-time': `is invalid against requested date format(s) ${dateTimes}`,
  date: 'is invalid against requested date format(s) yyyy-MM-dd',
  time: 'is invalid against requested date format(s) HH:mm:ss',
  email: 'is not a valid email address',
  ipv4: 'is not a valid IPv4 address',
  ipv6: 'is not a valid IPv6 address',
  regex: 'is not a valid ECMA 262 regular expression',
  uri: 'is not a valid URI',
}

function withValue(write: (value: string) => string, value: string): ErrorText {
  return { message: write(value), forLog: write('') }
}

function typeOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  return typeof value === 'number' && Number.isInteger(value) ? 'integer' : typeof value
}

/** The names of the types that are allowed, in alphabetical order; a number may be an integer. */
function allowedTypes(schema: unknown): string[] {
  const types = new Set<string>([schema].flat() as string[])
  if (types.has('number')) types.add('integer')
  return [...types].sort()
}

/** All that is missing: ajv names the first. */
function missing(schema: unknown, data: unknown, first: string): string[] {
  if (!Array.isArray(schema)) return [first]
  return listed((schema as string[]).filter((name) => !Object.hasOwn(data as object, name)))
}

function listed(names: string[]): string[] {
  const sorted = names.sort()
  return sorted.length <= maxListed ? sorted : [...sorted.slice(0, maxListed), '…']
}

/** The names that are not allowed: ajv gives the first; the others are plain where no pattern allows any. */
function unknownProperties(first: string, parent: ErrorObject['parentSchema'], data: unknown): ErrorText {
  const known = parent?.properties ?? {}
  const all =
    parent === undefined || parent.patternProperties !== undefined
      ? [first]
      : listed(Object.keys(data as object).filter((name) => !Object.hasOwn(known, name)))
  return withValue(
    (names) => `object instance has properties which are not allowed by the schema${names}`,
    `: ${json(all.map(shown))}`,
  )
}

function dependency({ params, data }: ErrorObject): string {
  const wanted = String(params.deps).split(', ')
  const absent = wanted.filter((name) => !Object.hasOwn(data as object, name))
  return `property "${params.property}" of object has missing property dependencies (schema requires ${json(wanted)}; missing: ${json(absent)})`
}

function notInEnum(allowed: unknown, data: unknown): ErrorText {
  const values = cut(json(allowed), 5 * maxShown)
  return withValue(
    (value) => `instance value${value} not found in enum (possible values: ${values})`,
    ` (${cut(json(data))})`,
  )
}

function length(tooWhat: string, schema: unknown, data: unknown, bound: string): ErrorText {
  const { length } = [...(data as string)]
  return withValue(
    (value) => `string${value} is too ${tooWhat} (length: ${length}, ${bound}: ${schema})`,
    ` "${shown(data)}"`,
  )
}

function limit(
  than: 'lower' | 'greater',
  bound: string,
  exclusive: boolean,
  schema: unknown,
  data: unknown,
): ErrorText {
  if (exclusive) {
    const other = than === 'lower' ? 'greater' : 'lower'
    const text = `numeric instance is not strictly ${other} than the required ${bound} ${schema}`
    return { message: text, forLog: text }
  }
  return withValue(
    (value) => `numeric instance is ${than} than the required ${bound} (${bound}: ${schema}${value})`,
    `, found: ${shown(data)}`,
  )
}

function tooManyItems({ params, data }: ErrorObject): string {
  return `schema only allows ${params.limit ?? params.len} elements in array but instance has ${sizeOf(data)} elements`
}

function sizeOf(value: unknown): number {
  return Object.keys(value as object).length
}

function shown(value: unknown): string {
  return cut(String(value))
}

function cut(text: string, max = maxShown): string {
  return text.length <= max ? text : `${text.slice(0, max - 1)}…`
}

function json(value: unknown): string {
  try {
    return JSON.stringify(value)
  } catch {
    // Nested too deeply.
    return Array.isArray(value) ? '[…]' : '{…}'
  }
}
