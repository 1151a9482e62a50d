import type { BackendRequest } from '../backends/call.ts'
import { CallDeadlines } from '../backends/call-deadlines.ts'
import type { Backend, BackendPools } from '../backends/pools.ts'
import { bodyOf, type ConnectionEvent, requestOf } from '../events/event.ts'
import { compileParameterMapping } from '../mapping/parameter-mapping.ts'
import { decodeBase64 } from './content-handling.ts'
import type { Integration, IntegrationDefinition, IntegrationScope, IntegrationType, ReportFault } from './contract.ts'
import { createFaultList } from './fault-list.ts'
import { compileHttpHeaders, refusedHeader } from './http-headers.ts'
import { compileHttpUri } from './http-uri.ts'
import { compileResponseMapping, type ResponseMapping } from './integration-response.ts'
import { compileRequestTemplate, type RequestTemplate } from './request-template.ts'

/** Methods with which AWS sends no body, whatever a template makes. */
const bodiless: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Creates the type of HTTP backends: HTTP_PROXY passes messages and answers on as they are; HTTP maps both. */
export function createHttpIntegrationType({ pools }: { readonly pools: BackendPools }): IntegrationType {
  return {
    types: ['HTTP_PROXY', 'HTTP'],
    compile(definition, scope) {
      const { report, outcome } = createFaultList()
      const request = compileRequest(definition, scope, report)
      const mapping = definition.integrationType === 'HTTP' ? compileMapping(definition, scope, report) : null
      return outcome(request, ({ origin, build }) => {
        const backend = pools.retain(origin)
        const deadlines = new CallDeadlines(definition.timeoutInMillis)
        return mapping === null
          ? createProxy(definition, build, backend, deadlines)
          : createMapped(definition, mapping, build, backend, deadlines)
      })
    },
  }
}

/** Makes one call's request from its payload. */
type BuildRequest = (event: ConnectionEvent, payload: string | Uint8Array | null) => BackendRequest

interface CompiledRequest {
  readonly origin: string
  readonly build: BuildRequest
}

/** Compiles the request of a definition; null when it has a fault, each of which is reported. */
function compileRequest(
  definition: IntegrationDefinition,
  scope: IntegrationScope,
  report: ReportFault,
): CompiledRequest | null {
  const { parameters, faults } = compileParameterMapping(definition.requestParameters, scope.stageVariables)
  for (const { path, message } of faults) report(['requestParameters', ...path], message)
  for (const { place, name } of parameters) {
    const refusal = place === 'header' ? refusedHeader(name) : null
    if (refusal !== null) report(['requestParameters', `integration.request.header.${name}`], refusal)
  }
  const uri = compileHttpUri(definition.integrationUri ?? '', scope.stageVariables, parameters)
  if (typeof uri === 'string') {
    report(['integrationUri'], uri)
    return null
  }

  // The schema lets no HTTP integration without a method pass.
  const method = definition.integrationMethod as NonNullable<typeof definition.integrationMethod>
  const proxy = definition.integrationType === 'HTTP_PROXY'
  const mapped = parameters.filter(({ place }) => place === 'header')
  const headers = compileHttpHeaders({ scope, mapped, proxy })
  const sendsBody = !bodiless.has(method)
  return {
    origin: uri.origin,
    build: (event, payload) => {
      const body = sendsBody ? payload : null
      const query = proxy ? (requestOf(event)?.query ?? null) : null
      return { method, path: uri.path(event, query), headers: headers(event, body !== null), body }
    },
  }
}

interface PayloadMapping {
  readonly template: RequestTemplate
  readonly responses: ResponseMapping
}

function compileMapping(
  definition: IntegrationDefinition,
  scope: IntegrationScope,
  report: ReportFault,
): PayloadMapping {
  return {
    template: compileRequestTemplate(definition, scope, report),
    responses: compileResponseMapping(definition.integrationResponses, scope, report),
  }
}

function createProxy(
  definition: IntegrationDefinition,
  build: BuildRequest,
  backend: Backend,
  deadlines: CallDeadlines,
): Integration {
  const toBinary = definition.contentHandlingStrategy === 'CONVERT_TO_BINARY'
  return {
    constant: null,
    invoke(event) {
      const body = bodyOf(event)
      const payload = toBinary && body !== null ? decodeBase64(body) : body
      return backend.call(build(event, payload), deadlines, event)
    },
    close: backend.release,
  }
}

function createMapped(
  definition: IntegrationDefinition,
  { template, responses }: PayloadMapping,
  build: BuildRequest,
  backend: Backend,
  deadlines: CallDeadlines,
): Integration {
  const toBinary = definition.contentHandlingStrategy === 'CONVERT_TO_BINARY'
  return {
    constant: null,
    invoke(event) {
      const rendered = template.render(event)
      const payload = toBinary && rendered !== null ? decodeBase64(rendered) : rendered
      return backend.call(build(event, payload), deadlines, event).then((answer) => responses.map(event, answer))
    },
    close: backend.release,
  }
}
