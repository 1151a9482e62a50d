import type { ConnectionEvent } from '../events/event.ts'
import type { MappingTemplate } from '../mapping/template.ts'
import type { SelectionExpression, VariableFamily } from '../routing/selection-expression.ts'
import { GatewayError } from '../vocabulary/errors.ts'
import type { HeaderList } from '../vocabulary/headers.ts'
import { exactJson, parseJson } from '../vocabulary/json-text.ts'
import { bodyText, decodeBase64, encodeBase64 } from './content-handling.ts'
import type {
  IntegrationDefinition,
  IntegrationResponseDefinition,
  IntegrationResult,
  ReportFault,
} from './contract.ts'
import { compileTemplateSelection, messageInput } from './request-template.ts'
import { compileResponseKey, type MatchResponseKey } from './response-key.ts'
import { compileResponseParameters, type ResponseParameter } from './response-parameters.ts'
import { compileTemplates, renderTemplate, templateInput } from './template-input.ts'

/** The answer that a non-proxy integration got, before mapping. */
export interface BackendAnswer {
  /**
   * The value that response keys are matched with: the status for HTTP and MOCK, `errorMessage` for Lambda. Null when
   * there is none: only `$default` fits then, as a Lambda success never matches a pattern.
   */
  readonly selectionValue: string | null
  readonly status: number
  readonly headers: HeaderList
  readonly body: string | Uint8Array
}

/** The integration responses of a definition, compiled. */
export interface ResponseMapping {
  /** The result for this status without a body, when it is the same for every call; null otherwise. */
  constantFor(status: number): IntegrationResult | null
  /** Throws API_CONFIGURATION_ERROR when no key fits, or a template or conversion fails. */
  map(event: ConnectionEvent, answer: BackendAnswer): IntegrationResult
}

type Scope = { readonly stageVariables: Readonly<Record<string, string>> }
type ResponseDefinitions = IntegrationDefinition['integrationResponses']

interface ResponseRule {
  readonly key: string
  /** The test of the response key; null for `$default`. */
  readonly matches: MatchResponseKey | null
  readonly expression: SelectionExpression
  readonly templates: ReadonlyMap<string, MappingTemplate>
  readonly contentHandling: IntegrationResponseDefinition['contentHandlingStrategy']
  readonly parameters: readonly ResponseParameter[]
}

const responseVariables: readonly VariableFamily[] = [
  'request.body',
  'integration.response.statuscode',
  'integration.response.header',
  'integration.response.multivalueheader',
  'integration.response.body',
]
/** The expression where there is none: the status picks the template; AWS then uses a template under the key `200`. */
const defaultSelection = '$integration.response.statuscode'

/**
 * Compiles `integrationResponses` ("Set up a WebSocket API integration response"). Without any, answers pass through
 * as they are; with some, one has to fit. With a fault, each of which is reported, the result is not to be used.
 */
export function compileResponseMapping(
  definitions: ResponseDefinitions,
  scope: Scope,
  report: ReportFault,
): ResponseMapping {
  const rules = Object.entries(definitions ?? {}).map(([key, definition]) =>
    compileRule(key, definition, scope, report),
  )
  const patterns = rules.filter((rule) => rule.matches !== null)
  const fallback = rules.find((rule) => rule.matches === null) ?? null
  const passThrough = rules.length === 0 ? compileRule('$default', {}, scope, report) : null

  function select(value: string | null): ResponseRule {
    const rule =
      value === null
        ? fallback
        : // A key that spells the value itself wins over wider patterns.
          (patterns.find(({ key }) => key === `/${value}/`) ??
          patterns.find((each) => each.matches?.(value)) ??
          fallback)
    if (rule !== null) return rule
    if (passThrough !== null) return passThrough
    throw new GatewayError('API_CONFIGURATION_ERROR', `no integration response fits ${JSON.stringify(value)}`)
  }

  // Statuses are few, so the rule of each is looked for once. Error messages are not: they would fill a map.
  const byStatus = new Map<number, ResponseRule>()
  function selectFor({ selectionValue, status }: BackendAnswer): ResponseRule {
    if (selectionValue !== String(status)) return select(selectionValue)
    let rule = byStatus.get(status)
    if (rule === undefined) {
      rule = select(selectionValue)
      byStatus.set(status, rule)
    }
    return rule
  }

  return {
    constantFor(status) {
      try {
        return constantResult(select(String(status)), status)
      } catch (error) {
        // Every call will fail with it; that is for the calls to say.
        if (error instanceof GatewayError) return null
        throw error
      }
    },
    map: (event, answer) => applyRule(selectFor(answer), event, answer, scope),
  }
}

function compileRule(
  key: string,
  definition: IntegrationResponseDefinition,
  scope: Scope,
  report: ReportFault,
): ResponseRule {
  const path = ['integrationResponses', key]
  const selection = definition.templateSelectionExpression ?? defaultSelection
  return {
    key,
    matches: key === '$default' ? null : compileResponseKey(key),
    expression: compileTemplateSelection(selection, responseVariables, path, report),
    templates: compileTemplates(definition.responseTemplates, [...path, 'responseTemplates'], report),
    contentHandling: definition.contentHandlingStrategy,
    parameters: compileResponseParameters(
      definition.responseParameters,
      scope.stageVariables,
      [...path, 'responseParameters'],
      report,
    ),
  }
}

function constantResult(rule: ResponseRule, status: number): IntegrationResult | null {
  const { expression, templates, parameters } = rule
  if (expression.source !== defaultSelection && expression.constant === null && templates.size > 0) return null
  const template = findTemplate(templates, expression.constant ?? String(status))
  if (template !== undefined && template.constant === null) return null
  if (parameters.some(({ source }) => source.constant === null)) return null
  const mapped = parameters.map(({ name, source }): [string, string] => [name, source.constant as string])
  return { status, headers: withContentType(mapped), body: convert(rule, template?.constant ?? '') }
}

function applyRule(rule: ResponseRule, event: ConnectionEvent, answer: BackendAnswer, scope: Scope): IntegrationResult {
  const { expression, templates } = rule
  const json = once(() => parseJson(bodyText(answer.body)))
  const exact = once(() => exactJson(bodyText(answer.body)))
  const response = { status: answer.status, headers: answer.headers, body: undefined as unknown, exactBody: exact }
  if (expression.readsResponseBody) response.body = json()
  const key = templates.size === 0 ? '' : expression.evaluate({ ...messageInput(expression, event), response })
  const template = findTemplate(templates, key)
  const received = rule.contentHandling === 'CONVERT_TO_TEXT' ? encodeBase64(answer.body) : answer.body
  const body = template === undefined ? received : (template.constant ?? render(template, bodyText(received)))
  const mapped: [string, string][] = []
  for (const { name, source } of rule.parameters) {
    const value = source.read({ event, headers: answer.headers, json, exactJson: exact })
    if (value !== null) mapped.push([name, value])
  }
  return { status: answer.status, headers: withContentType(mapped), body: convert(rule, body) }

  function render(each: MappingTemplate, text: string): string {
    return renderTemplate(each, event, templateInput(event, text, scope.stageVariables), 'API_CONFIGURATION_ERROR')
  }
}

/** The template of a key, else of `$default`, else of `application/json`, which is what imported definitions have. */
function findTemplate(templates: ReadonlyMap<string, MappingTemplate>, key: string): MappingTemplate | undefined {
  return templates.get(key) ?? templates.get('$default') ?? templates.get('application/json')
}

function convert(rule: ResponseRule, body: string | Uint8Array): string | Uint8Array {
  return rule.contentHandling === 'CONVERT_TO_BINARY' ? decodeBase64(bodyText(body)) : body
}

function withContentType(headers: readonly [string, string][]): HeaderList {
  if (headers.some(([name]) => name.toLowerCase() === 'content-type')) return headers
  return [['Content-Type', 'application/json'], ...headers]
}

function once(make: () => unknown): () => unknown {
  let value: unknown
  let known = false
  return () => {
    if (!known) value = make()
    known = true
    return value
  }
}
