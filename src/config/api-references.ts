import { describeFound, type FaultPath, type Finding } from 'postern-documents/faults'
import { listedNames } from 'postern-documents/listed-names'
import { nearestName } from 'postern-documents/nearest-name'
import { httpUrlForm, parseHttpUrl } from '../vocabulary/http-url.ts'

/**
 * Checks what a definition says of itself in two places: names of integrations, functions, models and routes, and URLs with the
 * variables of every stage, must agree. Reads the document as it was written, so that a fault elsewhere hides nothing.
 *
 * The room that uses a value tells the rest (whether a template compiles, a handler is there, a host can be called) when
 * the definition is compiled. It relies on what is checked here and by the schema.
 */
export function checkReferences(api: unknown): Finding[] {
  const definition = namesOf(api)
  return [
    ...checkIntegrations(api, definition),
    ...entries(member(api, 'routes')).flatMap(([key, route]) => checkRoute(key, route, definition)),
    ...entries(member(api, 'authorizers')).flatMap(([name, authorizer]) =>
      checkAuthorizer(name, authorizer, definition),
    ),
    ...entries(member(api, 'stages')).flatMap(([name, stage]) => checkStage(name, stage, definition)),
  ]
}

/** The names that a definition of any protocol gives. */
export function namesOf(api: unknown): Names {
  return {
    integrations: names(member(api, 'integrations')),
    integrationsByName: new Map(entries(member(api, 'integrations'))),
    functions: names(member(api, 'functions')),
    refreshKeys: entries(member(api, 'authorizers')).flatMap(([, each]) => {
      const key = member(each, 'tokenRefreshRouteKey')
      return typeof key === 'string' ? [key] : []
    }),
    hasTokens: ['JWT', 'COGNITO_USER_POOLS'].includes(String(member(connectOf(api), 'authorizationType'))),
    authorizers: new Map(
      entries(member(api, 'authorizers')).map(([name, each]) => [name, member(each, 'authorizerType')]),
    ),
    models: names(member(api, 'models')),
    routes: names(member(api, 'routes')),
    stages: entries(member(api, 'stages')).map(([name, stage]) => ({
      name,
      variables: new Map(entries(member(stage, 'stageVariables')).filter(isText)),
    })),
  }
}

/** Checks the integrations that have a name. */
export function checkIntegrations(api: unknown, definition: Names): Finding[] {
  return entries(member(api, 'integrations')).flatMap(([name, integration]) =>
    checkIntegration(integration, ['integrations', name], definition),
  )
}

/** The names of a definition, by what they are names of. */
export interface Names {
  readonly integrations: readonly string[]
  readonly functions: readonly string[]
  /** The route keys of messages that bring new tokens. */
  readonly refreshKeys: readonly string[]
  /** Whether clients connect with tokens. */
  readonly hasTokens: boolean
  /** The type of each authorizer, by its name. */
  readonly authorizers: ReadonlyMap<string, unknown>
  /** The integrations, by their names. */
  readonly integrationsByName: ReadonlyMap<string, unknown>
  readonly models: readonly string[]
  readonly routes: readonly string[]
  readonly stages: readonly { name: string; variables: ReadonlyMap<string, string> }[]
}

function checkRoute(key: string, route: unknown, definition: Names): Finding[] {
  const path = ['routes', key]
  const integration = member(route, 'integration')
  const findings = [...checkAuthorization(key, route, definition), ...checkValidation(key, route, definition)]
  if (key !== '$connect' && member(route, 'requestParameters') !== undefined) {
    const problem = 'only $connect has headers and a query string to ask for'
    findings.push({ path: [...path, 'requestParameters'], atKey: true, problem })
  }
  findings.push(...checkConnectTerms(key, route), ...checkGroupRoute(key, integration, definition))
  return [...findings, ...checkRouteIntegration(key, route, definition)]
}

/** Checks the integration of a route, in place or by its name. */
export function checkRouteIntegration(key: string, route: unknown, definition: Names): Finding[] {
  const path = ['routes', key, 'integration']
  const integration = member(route, 'integration')
  if (typeof integration !== 'string') return checkIntegration(integration, path, definition)
  if (definition.integrations.includes(integration)) return []
  return [unknownName(path, integration, definition.integrations, 'integrations')]
}

/** Checks that only `$connect` says what a connection begins with. */
function checkConnectTerms(key: string, route: unknown): Finding[] {
  if (key === '$connect') return []
  const problem = 'only $connect says what a connection begins with'
  return ['connection', 'groups']
    .filter((name) => member(route, name) !== undefined)
    .map((name) => ({ path: ['routes', key, name], atKey: true, problem }))
}

/** Checks that the GROUP behind `$connect` or `$disconnect` is one that can be done without a message on an open connection. */
function checkGroupRoute(key: string, integration: unknown, { integrationsByName }: Names): Finding[] {
  if (key !== '$connect' && key !== '$disconnect') return []
  const group = typeof integration === 'string' ? integrationsByName.get(integration) : integration
  if (member(group, 'integrationType') !== 'GROUP') return []
  const path = ['routes', key, 'integration']
  const action = member(group, 'groupAction')
  if (action === 'JOIN' || action === 'LEAVE') {
    const problem =
      key === '$connect'
        ? 'the connection is not open yet; groups on the route says which it joins'
        : 'a connection that has ended is in no group any more'
    return [{ path, atKey: true, problem: `groupAction ${action}: ${problem}` }]
  }
  if (action !== 'SEND' || member(group, 'requestTemplates') !== undefined) return []
  const problem = `groupAction SEND needs requestTemplates here: ${key} brings no message that could be sent`
  return [{ path, atKey: true, problem }]
}

function connectOf(api: unknown): unknown {
  return member(member(api, 'routes'), '$connect')
}

function checkAuthorizer(name: string, authorizer: unknown, { routes }: Names): Finding[] {
  const key = member(authorizer, 'tokenRefreshRouteKey')
  if (typeof key !== 'string' || !routes.includes(key)) return []
  const problem = `${JSON.stringify(key)} is a route already: messages with new tokens reach no integration`
  return [{ path: ['authorizers', name, 'tokenRefreshRouteKey'], problem }]
}

/** The authorizer type that an `authorizationType` needs. */
const neededType: Readonly<Record<string, string>> = {
  CUSTOM: 'REQUEST',
  JWT: 'JWT',
  COGNITO_USER_POOLS: 'COGNITO_USER_POOLS',
}

function checkAuthorization(key: string, route: unknown, { authorizers, hasTokens }: Names): Finding[] {
  const path = ['routes', key]
  const type = member(route, 'authorizationType') ?? 'NONE'
  const scopes = member(route, 'authorizationScopes')
  const needed = typeof type === 'string' && Object.hasOwn(neededType, type) ? neededType[type] : undefined
  const findings: Finding[] = []
  if (Array.isArray(scopes) && scopes.length > 0 && !hasTokens) {
    const problem = 'scopes are those of a token: $connect needs authorizationType JWT or COGNITO_USER_POOLS'
    findings.push({ path: [...path, 'authorizationScopes'], atKey: true, problem })
  }
  if (key !== '$connect') {
    const problem = 'only $connect is authorized; what it allows holds for the whole connection, as on AWS'
    if (type !== 'NONE') findings.push({ path: [...path, 'authorizationType'], atKey: true, problem })
    if (member(route, 'apiKeyRequired') === true) {
      findings.push({ path: [...path, 'apiKeyRequired'], atKey: true, problem: 'only $connect has a key to ask for' })
    }
    return findings
  }
  return [...findings, ...checkAuthorizerOf(key, route, needed, authorizers)]
}

/** Checks the authorizer that a route names: there, and of the type that its `authorizationType` needs. */
export function checkAuthorizerOf(
  key: string,
  route: unknown,
  needed: string | undefined,
  authorizers: Names['authorizers'],
): Finding[] {
  const path = ['routes', key]
  const type = member(route, 'authorizationType')
  const id = member(route, 'authorizerId')
  if (needed === undefined) {
    if (id === undefined) return []
    const problem = 'an authorizer is asked only with authorizationType CUSTOM, JWT or COGNITO_USER_POOLS'
    return [{ path: [...path, 'authorizerId'], atKey: true, problem }]
  }
  const known = [...authorizers].filter(([, each]) => each === needed).map(([name]) => name)
  if (id === undefined) {
    const problem = `authorizationType ${type} needs an authorizerId`
    return [{ path: [...path, 'authorizationType'], atKey: true, problem, allowed: list(known, undefined) }]
  }
  if (typeof id !== 'string' || known.includes(id)) return []
  const at = [...path, 'authorizerId']
  if (!authorizers.has(id)) return [unknownName(at, id, known, 'authorizers')]
  const problem = `${JSON.stringify(id)} is no authorizer of type ${needed}, which authorizationType ${type} asks`
  return [{ path: at, problem, allowed: list(known, undefined) }]
}

/** Checks what a route says of models. What validates nothing, or lets nothing pass, is allowed on AWS: a warning. */
function checkValidation(key: string, route: unknown, { models }: Names): Finding[] {
  const path = ['routes', key]
  const written = ['modelSelectionExpression', 'requestModels'].filter((each) => member(route, each) !== undefined)
  if (key === '$connect' || key === '$disconnect') {
    const problem = 'only messages have a body to validate'
    return written.map((each) => ({ path: [...path, each], atKey: true, problem }))
  }
  const unknown = entries(member(route, 'requestModels'))
    .filter(isText)
    .filter(([, name]) => !models.includes(name))
    .map(([modelKey, name]) => unknownName([...path, 'requestModels', modelKey], name, models, 'models'))
  if (written.length !== 1) return unknown
  const [only = ''] = written
  const problem =
    only === 'requestModels'
      ? 'nothing is validated without modelSelectionExpression'
      : 'no message passes without requestModels'
  return [...unknown, { path: [...path, only], atKey: true, problem, isWarning: true }]
}

/** Checks the throttles of a stage. */
export function checkStage(name: string, stage: unknown, { routes: declared, refreshKeys }: Names): Finding[] {
  // Messages with new tokens have a route too, and may be throttled.
  const routes = [...declared, ...refreshKeys]
  const path = ['stages', name]
  const unknown = names(member(stage, 'routeSettings'))
    .filter((key) => !routes.includes(key))
    .map((key) => ({ ...unknownName([...path, 'routeSettings', key], key, routes, 'routes'), atKey: true }))
  return [...unknown, ...checkThrottles(stage, path)]
}

/** Finds throttles that let nothing pass although they have a rate: allowed, and on AWS too, so that it is a warning. */
function checkThrottles(stage: unknown, path: FaultPath): Finding[] {
  const problem = 'a burst of 0 lets nothing pass, whatever the rate'
  const places = [
    ...['defaultRouteSettings', 'newConnectionThrottle'].map((name) => [name]),
    ...names(member(stage, 'routeSettings')).map((key) => ['routeSettings', key]),
    ...names(member(stage, 'connectionThrottle')).map((kind) => ['connectionThrottle', kind]),
  ]
  return places.flatMap((place) => {
    const throttle = place.reduce<unknown>((value, name) => member(value, name), stage)
    const [burst = '', rate = ''] = ['burstLimit', 'rateLimit'].map(
      (suffix) => names(throttle).find((each) => each.toLowerCase().endsWith(suffix.toLowerCase())) ?? '',
    )
    if (member(throttle, burst) !== 0 || member(throttle, rate) === 0) return []
    return [{ path: [...path, ...place, burst], problem, isWarning: true }]
  })
}

function checkIntegration(integration: unknown, path: FaultPath, definition: Names): Finding[] {
  const uri = member(integration, 'integrationUri')
  const type = member(integration, 'integrationType')
  if (typeof uri !== 'string' || typeof type !== 'string') return []
  const at = [...path, 'integrationUri']
  const findings: Finding[] = []
  for (const stage of definition.stages) {
    const { text, missing, findings: wrong } = replaceVariables(uri, stage, at)
    const faults = wrong.length > 0 ? wrong : checkTarget(text, stage.name, at, type, definition)
    if (missing.length === 0) findings.push(...faults)
    else findings.push(...missing.map((name) => missingVariable(name, stage, at, faults.length > 0)))
  }
  return distinct(findings)
}

function checkTarget(text: string, stage: string, path: FaultPath, type: string, { functions }: Names): Finding[] {
  return type.startsWith('HTTP') ? checkUrl(text, stage, path) : checkFunction(text, path, functions)
}

/** A variable that a stage does not have is empty there, as on AWS: a fault only where nothing can be called then. */
function missingVariable(name: string, stage: Names['stages'][number], path: FaultPath, isFault: boolean): Finding {
  const known = [...stage.variables.keys()]
  const suggestion = nearestName(name, known) ?? undefined
  const effect = isFault ? ', and there is no such URL or function without it' : ': it is empty there'
  return {
    path,
    problem: `stage ${stage.name} has no stage variable ${JSON.stringify(name)}${effect}`,
    allowed: list(known, suggestion),
    suggestion,
    isWarning: isFault ? undefined : true,
  }
}

const variable = /\$\{([^}]*)\}/g

function replaceVariables(
  uri: string,
  stage: Names['stages'][number],
  path: FaultPath,
): { text: string; missing: string[]; findings: Finding[] } {
  const findings: Finding[] = []
  const missing = new Set<string>()
  const text = uri.replace(variable, (written, expression: string) => {
    const name = /^stageVariables\.(\w+)$/.exec(expression)?.[1]
    if (name === undefined) {
      findings.push({ path, found: describeFound(written, []), allowed: '${stageVariables.<name>}' })
      return ''
    }
    const value = stage.variables.get(name)
    if (value !== undefined) return value
    missing.add(name)
    return ''
  })
  return { text, missing: [...missing], findings }
}

function checkUrl(text: string, stage: string, path: FaultPath): Finding[] {
  const url = parseHttpUrl(text)
  if (url === null) return [{ path, found: describeFound(text, path), allowed: `${httpUrlForm} (in stage ${stage})` }]
  if (url.fragment === '') return []
  return [{ path, found: describeFound(text, path), allowed: `${httpUrlForm} without a #fragment` }]
}

function checkFunction(uri: string, path: FaultPath, functions: readonly string[]): Finding[] {
  if (!uri.startsWith('function:')) return []
  const name = uri.slice('function:'.length)
  return functions.includes(name) ? [] : [unknownName(path, name, functions, 'functions')]
}

function unknownName(path: FaultPath, name: string, known: readonly string[], section: string): Finding {
  const suggestion = known.includes(name.trim()) ? name.trim() : (nearestName(name, known) ?? undefined)
  return {
    path,
    problem: `${JSON.stringify(name)} is not under ${section}`,
    allowed: list(known, suggestion),
    suggestion,
  }
}

function list(names: readonly string[], suggestion: string | undefined): string | undefined {
  return names.length === 0 ? 'none, there are no such names' : listedNames(names, suggestion)
}

/** Findings without repeats: the same fault in several stages is one fault. */
function distinct(findings: readonly Finding[]): Finding[] {
  const seen = new Set<string>()
  return findings.filter((finding) => {
    const text = JSON.stringify(finding)
    return !seen.has(text) && seen.add(text)
  })
}

/** The own member of a map; undefined for none, and of anything else. */
export function member(value: unknown, name: string): unknown {
  return isMap(value) && Object.hasOwn(value, name) ? value[name] : undefined
}

/** The entries of a map; none of anything else. */
export function entries(value: unknown): [string, unknown][] {
  return isMap(value) ? Object.entries(value) : []
}

function names(value: unknown): string[] {
  return isMap(value) ? Object.keys(value) : []
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isText(entry: [string, unknown]): entry is [string, string] {
  return typeof entry[1] === 'string'
}
