import { ExactNumber, losesInJavaScript } from 'postern-documents/exact-json'
import { compileJsonPath, type JsonPath, JsonPathError } from 'postern-documents/json-path'
import { exactJsonText } from '../vocabulary/json-text.ts'
import { fromPlain, readJson } from './json.ts'
import { objectLines } from './methods/object.ts'
import type { PreparedCall } from './velocity/compile-context.ts'
import { TemplateRenderError } from './velocity/errors.ts'
import { HostObject } from './velocity/host-object.ts'
import { aString, type MethodTable, method, methodTable } from './velocity/method.ts'
import type { Run } from './velocity/run.ts'
import { jsonText } from './velocity/text.ts'
import { JavaList, JavaMap, missing, type Value } from './velocity/value.ts'

export interface TemplateParams {
  readonly path: Readonly<Record<string, string>>
  readonly querystring: Readonly<Record<string, string>>
  /** Headers in one spelling each. */
  readonly header: Readonly<Record<string, string>>
}

/** Thrown when a template asks for a part of a body that is no JSON. AWS answers this with 400 and BAD_REQUEST_BODY. */
export class BodyNotJsonError extends TemplateRenderError {
  override readonly name = 'BodyNotJsonError'
}

/** The object behind `$input`. The body is parsed when a template first asks for a part of it, and only once. */
export class InputObject extends HostObject {
  readonly role = 'input'
  readonly methods = inputMethods
  private readonly body: string
  private readonly given: TemplateParams
  /** The body as `readJson` gives it: enough for single values, which is what templates mostly take. */
  private plain: { readonly value: unknown } | null = null
  /** The body as Java values, once a template holds a part that it could change. */
  private live: { readonly value: Value } | null = null
  /** Whether JavaScript's own numbers and order of names lose something of the body; null until first asked. */
  private loses: boolean | null = null

  constructor(body: string, params: TemplateParams) {
    super()
    // API Gateway hands over an empty object for an empty payload (observed on AWS).
    this.body = body === '' ? '{}' : body
    this.given = params
  }

  property(name: string): Value {
    return name === 'body' ? this.body : null
  }

  assign(): boolean {
    return false
  }

  text(): string {
    return 'input'
  }

  asMap(): null {
    return null
  }

  /** The value of `$input.path`; `missing` for what is not there, or null (observed on AWS). */
  path(path: JsonPath, run: Run): Value {
    const found = path.steps === null ? this.searched(path, run) : this.walked(path, path.steps, run)
    return found ?? missing
  }

  /** The text of `$input.json`; for what is missing, or null, the JSON text of an empty string (observed on AWS). */
  json(path: JsonPath, run: Run): string {
    if (path.steps === null || this.live === null) {
      const text = this.written(this.found(path, run) ?? '')
      run.characters(text.length)
      return text
    }
    return jsonText(this.walked(path, path.steps, run) ?? '', run)
  }

  params(): JavaMap {
    const params = new JavaMap()
    for (const place of places) {
      const map = new JavaMap()
      for (const [name, value] of Object.entries(this.given[place])) map.put(name, value)
      params.put(place, map)
    }
    return params
  }

  /**
   * The value of `$input.params(name)`: from the path first, then from the query string, then from the headers ("API
   * Gateway mapping template and access logging variable reference"); an empty string when none of them has it. The
   * name of a header is one in any case (RFC 9110 §5.1).
   */
  param(name: string): string {
    for (const place of places) {
      const values = this.given[place]
      if (Object.hasOwn(values, name)) return values[name] ?? ''
    }
    const { header } = this.given
    const lowerCase = name.toLowerCase()
    const spelled = Object.keys(header).find((each) => each.toLowerCase() === lowerCase)
    return spelled === undefined ? '' : (header[spelled] ?? '')
  }

  private searched(path: JsonPath, run: Run): Value {
    return fromPlain(this.found(path, run))
  }

  private walked(path: JsonPath, steps: readonly (string | number)[], run: Run): Value {
    if (this.live === null) {
      const value = this.found(path, run)
      if (typeof value !== 'object' || value === null || value instanceof ExactNumber) return fromPlain(value)
    }
    let value = this.alive(run)
    for (const step of steps) value = child(value, step)
    return value
  }

  private found(path: JsonPath, run: Run): unknown {
    const document = this.parsed(run)
    if (path.definite) return path.read(document)
    run.characters(this.body.length)
    try {
      return path.read(document, () => run.step(2))
    } catch (error) {
      throw error instanceof JsonPathError ? new TemplateRenderError(error.message, { cause: error }) : error
    }
  }

  private written(value: unknown): string {
    this.loses ??= losesInJavaScript(this.body)
    return this.loses ? exactJsonText(value) : JSON.stringify(value)
  }

  private parsed(run: Run): unknown {
    this.plain ??= { value: this.read(run, () => readJson(this.body, run)) }
    return this.plain.value
  }

  private alive(run: Run): Value {
    if (this.live === null) run.step(this.body.length >> 5)
    this.live ??= { value: fromPlain(this.parsed(run)) }
    return this.live.value
  }

  private read<T>(run: Run, parse: () => T): T {
    run.characters(this.body.length)
    try {
      return parse()
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error
      throw new BodyNotJsonError(`could not parse the body as JSON: ${error.message}`, { cause: error })
    }
  }
}

const places = ['path', 'querystring', 'header'] as const

function child(value: Value, step: string | number): Value {
  if (typeof step === 'string') return value instanceof JavaMap ? value.get(step) : null
  return value instanceof JavaList ? (value.values.at(step) ?? null) : null
}

type Text = readonly [string | null]

const inputMethods: MethodTable = methodTable(
  ...objectLines,
  method('getBody', [], (self: InputObject) => self.property('body')),
  method('json', [aString], (self: InputObject, [path]: Text, run) => self.json(dynamicPath(path, run), run)),
  method('path', [aString], (self: InputObject, [path]: Text, run) => self.path(dynamicPath(path, run), run)),
  method('params', [], (self: InputObject) => self.params()),
  method('params', [aString], (self: InputObject, [name]: Text) => self.param(name ?? '')),
)

/** Paths that a template puts together while it runs. */
const paths = new Map<string, JsonPath>()
const maxPaths = 200

function dynamicPath(source: string | null, run: Run): JsonPath {
  const known = paths.get(source ?? '')
  if (known !== undefined) return known
  run.step(source?.length ?? 0)
  try {
    const path = compileJsonPath(source ?? '')
    if (paths.size >= maxPaths) paths.clear()
    paths.set(path.source, path)
    return path
  } catch (error) {
    throw error instanceof JsonPathError ? new TemplateRenderError(error.message, { cause: error }) : error
  }
}

/** Compiles the path of `$input.path('…')` and `$input.json('…')` at load. */
export function prepareInputCall(name: string, args: readonly Value[]): PreparedCall | null {
  const [source] = args
  if ((name !== 'path' && name !== 'json') || args.length !== 1 || typeof source !== 'string') return null
  const path = compileJsonPath(source)
  return name === 'path'
    ? (input, run) => (input as InputObject).path(path, run)
    : (input, run) => (input as InputObject).json(path, run)
}
