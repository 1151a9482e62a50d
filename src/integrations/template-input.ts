import { contextView } from '../events/context-view.ts'
import { type ConnectionEvent, requestOf } from '../events/event.ts'
import {
  BodyNotJsonError,
  compileMappingTemplate,
  type MappingTemplate,
  type TemplateInput,
  TemplateRenderError,
  TemplateSyntaxError,
} from '../mapping/template.ts'
import { GatewayError } from '../vocabulary/errors.ts'
import type { HeaderList } from '../vocabulary/headers.ts'
import type { ReportFault } from './contract.ts'
import { createTemplateTime } from './template-time.ts'

type StageVariables = Readonly<Record<string, string>>

const none: Readonly<Record<string, string>> = Object.freeze(Object.create(null))
const noParams: TemplateInput['params'] = { path: none, querystring: none, header: none }

/**
 * The values of an event that a template sees; `body` is the message in request templates and the answer in response
 * templates.
 */
export function templateInput(event: ConnectionEvent, body: string, stageVariables: StageVariables): TemplateInput {
  const request = requestOf(event)
  const params =
    request === null
      ? noParams
      : { path: none, querystring: lastValues(request.query), header: lastHeaders(request.headers) }
  return { body, params, context: contextView(event), stageVariables }
}

function lastValues(list: HeaderList): Record<string, string> {
  const values: Record<string, string> = Object.create(null)
  for (const [name, value] of list) values[name] = value
  return values
}

/** The last value of each header, under the spelling in which its name came first, as in AWS's events. */
function lastHeaders(list: HeaderList): Record<string, string> {
  const spellings = new Map<string, string>()
  const values: Record<string, string> = Object.create(null)
  for (const [name, value] of list) {
    const key = name.toLowerCase()
    const spelling = spellings.get(key) ?? name
    spellings.set(key, spelling)
    values[spelling] = value
  }
  return values
}

// One for the process, as the processor is.
const templateTime = createTemplateTime(() => performance.now())

/**
 * Renders, or throws: `notJson` where the template wants a part of a body that is no JSON (AWS blames the client for a
 * message, the API for an answer), API_CONFIGURATION_ERROR for a template that fails otherwise, and
 * TEMPLATE_TIME_EXCEEDED where time has been taken already: by the connection's templates, without rendering, or by those
 * of its network or of all, once the rendering turns out to be long.
 */
export function renderTemplate(
  template: MappingTemplate,
  event: ConnectionEvent,
  input: TemplateInput,
  notJson: 'BAD_REQUEST_BODY' | 'API_CONFIGURATION_ERROR',
): string {
  const { record } = event
  if (!templateTime.has(record)) throw new GatewayError('TEMPLATE_TIME_EXCEEDED')
  try {
    return template.render(input, templateTime.longRenderings(record))
  } catch (error) {
    if (!(error instanceof TemplateRenderError)) throw error
    // The engine may have put the place in the template around it.
    const aboutBody = error instanceof BodyNotJsonError || error.cause instanceof BodyNotJsonError
    const code = aboutBody ? notJson : 'API_CONFIGURATION_ERROR'
    throw new GatewayError(code, error.message, { cause: error })
  }
}

/** Compiles templates by key; each that can't be compiled is reported below `path`, and left out. */
export function compileTemplates(
  texts: Readonly<Record<string, string>> | undefined,
  path: readonly (string | number)[],
  report: ReportFault,
): ReadonlyMap<string, MappingTemplate> {
  const templates = new Map<string, MappingTemplate>()
  for (const [key, text] of Object.entries(texts ?? {})) {
    try {
      templates.set(key, compileMappingTemplate(text))
    } catch (error) {
      if (!(error instanceof TemplateSyntaxError)) throw error
      report([...path, key], error.message)
    }
  }
  return templates
}
