import type { BackendRequest } from '../backends/call.ts'
import { CallDeadlines } from '../backends/call-deadlines.ts'
import type { BackendPools } from '../backends/pools.ts'
import type { MethodEvent } from '../events/method-event.ts'
import { compileRequestChanges, type RequestChanges } from '../mapping/method-parameters.ts'
import { compileResponseChanges } from '../mapping/method-response-parameters.ts'
import { staticPath } from '../vocabulary/percent-encoding.ts'
import { createFaultList } from './fault-list.ts'
import { type BackendUrl, readBackendUrl } from './http-uri.ts'
import type { MethodIntegration, MethodIntegrationType } from './method-contract.ts'
import { createMethodHeaders } from './method-http-headers.ts'

/**
 * Creates the type of HTTP backends behind routes of HTTP APIs ("Create HTTP proxy integrations for HTTP APIs"): requests
 * and answers pass as they are, but for what parameter mapping changes.
 */
export function createMethodHttpType({ pools }: { readonly pools: BackendPools }): MethodIntegrationType {
  return {
    type: 'HTTP_PROXY',
    compile(definition, { stageVariables }) {
      const { report, outcome } = createFaultList<MethodIntegration>()
      const { integrationUri, integrationMethod = 'ANY', requestParameters, responseParameters } = definition
      if (definition.payloadFormatVersion !== '1.0')
        report(['payloadFormatVersion'], 'allowed for an HTTP backend: 1.0')
      const request = compileRequestChanges(requestParameters, stageVariables)
      for (const { path, message } of request.faults) report(['requestParameters', ...path], message)
      const response = compileResponseChanges(responseParameters, stageVariables)
      for (const { path, message } of response.faults) report(['responseParameters', ...path], message)
      const url = readBackendUrl(integrationUri, stageVariables, 'the backend gets the Authorization of the client')
      if (typeof url === 'string') report(['integrationUri'], url)
      return outcome(typeof url === 'string' ? null : url, (found) => {
        const target = compileTarget(found, request.changes)
        const headers = createMethodHeaders(request.changes.headers)
        const backend = pools.retain(found.origin)
        const deadlines = new CallDeadlines(definition.timeoutInMillis)
        const build = (event: MethodEvent): BackendRequest => ({
          method: (integrationMethod === 'ANY' ? event.arrival.method : integrationMethod) as BackendRequest['method'],
          path: target(event),
          headers: headers(event),
          body: event.body,
        })
        const changes = response.changes
        return {
          invoke(event) {
            const answer = backend.call(build(event), deadlines, event)
            return changes === null ? answer : answer.then((each) => changes.apply(event, each))
          },
          close: backend.release,
        }
      })
    },
  }
}

/**
 * Compiles the path and query of requests. `{name}` in the URL becomes the variable of the route's path, as it came; the
 * `$default` route has none, and its whole path follows that of the URL. The client's query follows the URL's own.
 */
function compileTarget({ path, query: ownQuery }: BackendUrl, changes: RequestChanges): (event: MethodEvent) => string {
  const pieces = path.split(/(\{[^{}]+\})/)
  const base = path.endsWith('/') ? path.slice(0, -1) : path
  const own = ownQuery.slice(1)
  function pathOf(event: MethodEvent): string {
    const changed = changes.path?.(event) ?? null
    if (changed !== null) return changed
    if (event.routeKey === '$default') return staticPath(`${base}${event.arrival.path}`)
    if (pieces.length === 1 || event.pathParameters === null) return path
    return staticPath(fill(pieces, event.pathParameters))
  }
  return (event) => {
    const { rawQuery } = event.arrival
    const client = writableQuery(changes.query === null ? rawQuery : changes.query(event, rawQuery))
    const query = own === '' || client === '' ? own + client : `${own}&${client}`
    return query === '' ? pathOf(event) : `${pathOf(event)}?${query}`
  }
}

/** A piece whose variable the route does not have stays as it is. */
function fill(pieces: readonly string[], parameters: Readonly<Record<string, string>>): string {
  return pieces
    .map((piece) => {
      const name = piece.startsWith('{') ? piece.slice(1, -1).replace(/\+$/, '') : ''
      return Object.hasOwn(parameters, name) ? parameters[name] : piece
    })
    .join('')
}

/** A query as it came, with what may not be written percent-encoded. */
function writableQuery(query: string): string {
  return query.replace(/[^\x21-\x7e]+|#/g, (text) => encodeURIComponent(Buffer.from(text).toString()))
}
