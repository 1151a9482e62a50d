import { bodyOf, type ConnectionEvent, requestOf } from '../events/event.ts'
import type { MappingTemplate } from '../mapping/template.ts'
import {
  compileSelectionExpression,
  type SelectionExpression,
  SelectionExpressionError,
  type SelectionInput,
  type VariableFamily,
} from '../routing/selection-expression.ts'
import { GatewayError } from '../vocabulary/errors.ts'
import { exactJson, rememberedJson } from '../vocabulary/json-text.ts'
import type { IntegrationDefinition, ReportFault } from './contract.ts'
import { compileTemplates, renderTemplate, templateInput } from './template-input.ts'

/** The payload of a non-proxy integration (HTTP, AWS, MOCK): a request template's output, or what passes through. */
export interface RequestTemplate {
  /** The payload, when it is the same for every call. */
  readonly constant: string | null
  /**
   * Renders the payload for an event; null for none: nothing passes through on `$connect` and `$disconnect`. Throws
   * UNSUPPORTED_MEDIA_TYPE where passthroughBehavior forbids to pass the message, BAD_REQUEST_BODY where a template
   * reads a message that is no JSON, and API_CONFIGURATION_ERROR for a template that fails.
   */
  render(event: ConnectionEvent): string | null
}

type RequestTemplateDefinition = Pick<
  IntegrationDefinition,
  'requestTemplates' | 'templateSelectionExpression' | 'passthroughBehavior'
>

const requestVariables: readonly VariableFamily[] = ['request.body', 'request.header', 'request.querystring']
/** The key of the template that AWS uses without a templateSelectionExpression. */
const defaultKey = 'application/json'

/**
 * Compiles the request templates and their selection. With a fault, each of which is reported, the result is not to be
 * used.
 */
export function compileRequestTemplate(
  definition: RequestTemplateDefinition,
  scope: { readonly stageVariables: Readonly<Record<string, string>> },
  report: ReportFault,
): RequestTemplate {
  const selection = definition.templateSelectionExpression ?? defaultKey
  const expression = compileTemplateSelection(selection, requestVariables, [], report)
  const templates = compileTemplates(definition.requestTemplates, ['requestTemplates'], report)
  const fallback = templates.get('$default')
  const { stageVariables } = scope
  const passes =
    definition.passthroughBehavior === 'WHEN_NO_MATCH' ||
    (definition.passthroughBehavior === 'WHEN_NO_TEMPLATES' && templates.size === 0)

  const apply = (template: MappingTemplate | undefined, event: ConnectionEvent): string | null => {
    if (template !== undefined) {
      if (template.constant !== null) return template.constant
      return renderTemplate(
        template,
        event,
        templateInput(event, bodyOf(event) ?? '', stageVariables),
        'BAD_REQUEST_BODY',
      )
    }
    if (passes) return bodyOf(event)
    throw new GatewayError('UNSUPPORTED_MEDIA_TYPE')
  }

  if (expression.constant !== null || templates.size === 0) {
    const template = templates.get(expression.constant ?? '') ?? fallback
    return { constant: template?.constant ?? null, render: (event) => apply(template, event) }
  }
  return {
    constant: null,
    render: (event) => apply(templates.get(expression.evaluate(messageInput(expression, event))) ?? fallback, event),
  }
}

/** The values of the event itself that a template selection expression may read. */
export function messageInput(expression: SelectionExpression, event: ConnectionEvent): SelectionInput {
  const body = expression.readsBody ? bodyOf(event) : null
  const request = requestOf(event)
  return {
    body: body === null ? undefined : rememberedJson(body),
    exactBody: () => (body === null ? undefined : exactJson(body)),
    headers: request?.headers ?? [],
    query: request?.query ?? [],
  }
}

/** Compiles a `templateSelectionExpression`; its fault is reported below `path`, and some other expression returned. */
export function compileTemplateSelection(
  source: string,
  variables: readonly VariableFamily[],
  path: readonly (string | number)[],
  report: ReportFault,
): SelectionExpression {
  try {
    return compileSelectionExpression(source, variables)
  } catch (error) {
    if (!(error instanceof SelectionExpressionError)) throw error
    report([...path, 'templateSelectionExpression'], error.message)
    return compileSelectionExpression(defaultKey, [])
  }
}
