import type { Finding } from 'postern-documents/faults'
import { canonicalRouteKey, parseRouteKey } from '../routing/route-key.ts'
import {
  checkAuthorizerOf,
  checkIntegrations,
  checkRouteIntegration,
  checkStage,
  entries,
  member,
  namesOf,
} from './api-references.ts'

/**
 * Checks what the definition of an HTTP API says of itself in two places, as `checkReferences` does for WebSocket APIs;
 * and that no two routes are for the same requests.
 */
export function checkHttpReferences(api: unknown): Finding[] {
  const definition = namesOf(api)
  const routes = entries(member(api, 'routes'))
  return [
    ...checkIntegrations(api, definition),
    ...routes.flatMap(([key, route]) => [
      ...checkAuthorization(key, route, definition.authorizers),
      ...checkRouteIntegration(key, route, definition),
    ]),
    ...checkTwins(routes.map(([key]) => key)),
    ...entries(member(api, 'authorizers')).flatMap(([name, each]) => checkFormat(name, each)),
    ...entries(member(api, 'stages')).flatMap(([name, stage]) => checkStage(name, stage, definition)),
  ]
}

/** The authorizer type that an `authorizationType` needs. */
const neededType: Readonly<Record<string, string>> = { CUSTOM: 'REQUEST', JWT: 'JWT' }

function checkAuthorization(key: string, route: unknown, authorizers: ReadonlyMap<string, unknown>): Finding[] {
  const type = member(route, 'authorizationType')
  const scopes = member(route, 'authorizationScopes')
  const needed = typeof type === 'string' && Object.hasOwn(neededType, type) ? neededType[type] : undefined
  const findings = checkAuthorizerOf(key, route, needed, authorizers)
  if (!Array.isArray(scopes) || scopes.length === 0 || type === 'JWT') return findings
  const problem = 'scopes are those of a token: the route needs authorizationType JWT'
  return [...findings, { path: ['routes', key, 'authorizationScopes'], atKey: true, problem }]
}

/** Finds routes that differ in the names of their variables only: which of them a request is for nobody could say. */
function checkTwins(keys: readonly string[]): Finding[] {
  const first = new Map<string, string>()
  return keys.flatMap((key) => {
    const parsed = parseRouteKey(key)
    if (parsed.fault !== null) return []
    const canonical = canonicalRouteKey(parsed.routeKey)
    const twin = first.get(canonical)
    if (twin === undefined) {
      first.set(canonical, key)
      return []
    }
    return [{ path: ['routes', key], atKey: true, problem: `the same requests are those of ${twin}` }]
  })
}

function checkFormat(name: string, authorizer: unknown): Finding[] {
  const path = ['authorizers', name, 'enableSimpleResponses']
  const isSimple = member(authorizer, 'enableSimpleResponses') === true
  if (!isSimple || member(authorizer, 'authorizerPayloadFormatVersion') !== '1.0') return []
  return [{ path, problem: "simple responses need authorizerPayloadFormatVersion '2.0'" }]
}
