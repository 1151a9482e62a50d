import type { BackendRequest } from '../backends/call.ts'
import { CallDeadlines } from '../backends/call-deadlines.ts'
import type { Backend, BackendPools } from '../backends/pools.ts'
import { compileParameterMapping } from '../mapping/parameter-mapping.ts'
import { decodeBase64 } from './content-handling.ts'
import type {
  Integration,
  IntegrationCall,
  IntegrationDefinition,
  IntegrationFault,
  IntegrationScope,
  IntegrationType,
} from './contract.ts'
import { compileHttpHeaders, refusedHeader } from './http-headers.ts'
import { compileHttpUri } from './http-uri.ts'
import { checkIntegrationResponses, compileResponseMapping } from './integration-response.ts'
import { checkRequestTemplate, compileRequestTemplate } from './request-template.ts'

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'] as const
type Method = (typeof methods)[number]
/** AWS sends no body with these, whatever a template makes. */
const bodiless: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/** HTTP_PROXY passes messages and answers on as they are; HTTP maps both. */
export function createHttpIntegrationType({ pools }: { readonly pools: BackendPools }): IntegrationType {
  return {
    types: ['HTTP_PROXY', 'HTTP'],
    check,
    create(definition, scope) {
      const { origin, request } = compileRequest(definition, scope)
      const backend = pools.retain(origin)
      const deadlines = new CallDeadlines(definition.timeoutInMillis)
      return definition.integrationType === 'HTTP'
        ? createMapped(definition, scope, request, backend, deadlines)
        : createProxy(definition, request, backend, deadlines)
    },
  }
}

function check(definition: IntegrationDefinition, scope: IntegrationScope): readonly IntegrationFault[] {
  const faults: IntegrationFault[] = []
  if (!isMethod(definition.integrationMethod)) {
    faults.push({ path: ['integrationMethod'], message: `allowed: ${methods.join(', ')}` })
  }
  const mapping = compileParameterMapping(definition.requestParameters, scope.stageVariables)
  for (const fault of mapping.faults) faults.push({ ...fault, path: ['requestParameters', ...fault.path] })
  for (const { place, name } of mapping.parameters) {
    const refusal = place === 'header' ? refusedHeader(name) : null
    if (refusal !== null)
      faults.push({ path: ['requestParameters', `integration.request.header.${name}`], message: refusal })
  }
  const uri = compileHttpUri(definition.integrationUri ?? '', scope.stageVariables, mapping.parameters)
  if (typeof uri === 'string') faults.push({ path: ['integrationUri'], message: uri })
  if (definition.integrationType === 'HTTP') {
    faults.push(
      ...checkRequestTemplate(definition),
      ...checkIntegrationResponses(definition.integrationResponses, scope),
    )
  }
  return faults
}

/** One call's request from its payload. */
type CompileRequest = (call: IntegrationCall, payload: string | Uint8Array | null) => BackendRequest

function compileRequest(
  definition: IntegrationDefinition,
  scope: IntegrationScope,
): { readonly origin: string; readonly request: CompileRequest } {
  const { parameters } = compileParameterMapping(definition.requestParameters, scope.stageVariables)
  const uri = compileHttpUri(definition.integrationUri ?? '', scope.stageVariables, parameters)
  const method = definition.integrationMethod
  if (typeof uri === 'string' || !isMethod(method)) throw new Error('a definition with faults')
  const proxy = definition.integrationType === 'HTTP_PROXY'
  const mapped = parameters.filter(({ place }) => place === 'header')
  const headers = compileHttpHeaders({ scope, mapped, proxy })
  const sendsBody = !bodiless.has(method)
  return {
    origin: uri.origin,
    request: (call, payload) => {
      const body = sendsBody ? payload : null
      const query = proxy && call.request !== null ? call.request.query : null
      return { method, path: uri.path(call, query), headers: headers(call, body !== null), body }
    },
  }
}

function isMethod(method: string | undefined): method is Method {
  return methods.some((each) => each === method)
}

function createProxy(
  definition: IntegrationDefinition,
  request: CompileRequest,
  backend: Backend,
  deadlines: CallDeadlines,
): Integration {
  const toBinary = definition.contentHandlingStrategy === 'CONVERT_TO_BINARY'
  return {
    constant: null,
    invoke(call) {
      const payload = toBinary && call.body !== null ? decodeBase64(call.body) : call.body
      return backend.call(request(call, payload), deadlines, call.context)
    },
    close: backend.release,
  }
}

function createMapped(
  definition: IntegrationDefinition,
  scope: IntegrationScope,
  request: CompileRequest,
  backend: Backend,
  deadlines: CallDeadlines,
): Integration {
  const template = compileRequestTemplate(definition, scope)
  const responses = compileResponseMapping(definition.integrationResponses, scope)
  const toBinary = definition.contentHandlingStrategy === 'CONVERT_TO_BINARY'
  return {
    constant: null,
    invoke(call) {
      const rendered = template.render(call)
      const payload = toBinary && rendered !== null ? decodeBase64(rendered) : rendered
      return backend.call(request(call, payload), deadlines, call.context).then((answer) => responses.map(call, answer))
    },
    close: backend.release,
  }
}
