import type { Stage } from './stage.ts'
import { createStageSlot, type StageSlot } from './stage-slot.ts'

/** The target that a request's host and path lead to. */
export interface Target<S extends Stage> {
  readonly slot: StageSlot<S>
  readonly stage: S
  /**
   * The authority that the client used, with `/apiId` behind it where the path named the API, so that
   * `domainName + '/' + stage`, which AWS backends write, is an endpoint that works.
   */
  readonly domainName: string
  /** The path behind the stage, not decoded: empty, or with its leading slash. */
  readonly rest: string
  /** Whether clients connect here; else only `@connections` is served. */
  readonly takesClients: boolean
  /** A callback here may mean a connection of any API: several that share a custom domain have a stage of this name. */
  readonly anyApi: boolean
}

export interface DomainMapping {
  readonly domainName: string
  readonly apiMappings: readonly { readonly apiMappingKey: string; readonly apiId: string; readonly stage: string }[]
}

/** The APIs that are served, and how a URL finds its stage. */
export interface Catalog<S extends Stage> {
  /** Finds the stage behind a host and a path; null when none is served under this URL. */
  resolve(host: string, path: string): Target<S> | null
  /** Puts the stages of one API in place of those it has; stages that are missing end, and are returned. */
  replace(apiId: string, stages: readonly S[]): readonly StageSlot<S>[]
  slots(): readonly StageSlot<S>[]
}

export interface CatalogOptions {
  /** The API behind `/{stage}`; null for the only one, if there is one only. */
  readonly defaultApi: string | null
  readonly domains: readonly DomainMapping[]
  /**
   * The host names that are served, in lower case, `*.` before one for all below it; empty for any. Custom domains and
   * loopback always are.
   */
  readonly allowedHosts: readonly string[]
  /** Whether callers of one API's stage may not reach the connections of another; absent for no. */
  readonly keepsApart?: boolean
}

interface Host<S extends Stage> {
  readonly authority: string
  readonly api: Slots<S> | null
  readonly mappings: ReadonlyMap<string, Mapping> | null
}
interface Mapping extends Pick<Target<Stage>, 'takesClients' | 'anyApi'> {
  readonly apiId: string
  readonly stage: string
}
/** The slots of one API, by the names of their stages. */
type Slots<S extends Stage> = ReadonlyMap<string, StageSlot<S>>

// A client picks its Host header: remember a bounded number of spellings.
const maxHosts = 1024
const hostName = /^(?:[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?|\[[0-9a-f:.]+\])(?::\d{1,5})?$/

/**
 * An empty catalog. First hit wins: custom domain, `{apiId}.` host, `/{apiId}/{stage}`, `/{stage}` of the default API.
 * A host whose first label happens to be the id of an API may be the gateway's own: the path can name an API there too.
 */
export function createCatalog<S extends Stage>({
  defaultApi,
  domains,
  allowedHosts,
  keepsApart = false,
}: CatalogOptions): Catalog<S> {
  const apis = new Map<string, Map<string, StageSlot<S>>>()
  const customDomains = new Map(domains.map((domain) => [domain.domainName.toLowerCase(), mappingsOf(domain)]))
  const hosts = new Map<string, Host<S> | null>()
  let fallback: Slots<S> | null = null
  /** Whether what is asked of the callers of one API says nothing of another's. */
  let isApart = keepsApart

  function hostOf(header: string): Host<S> | null {
    const known = hosts.get(header)
    if (known !== undefined) return known
    const host = learn(header.toLowerCase())
    if (hosts.size >= maxHosts) hosts.clear()
    hosts.set(header, host)
    return host
  }

  function learn(authority: string): Host<S> | null {
    if (authority.length > 260 || !hostName.test(authority)) return null
    const name = authority.replace(/\.?(?::\d+)?$/, '')
    const mappings = customDomains.get(name) ?? null
    if (mappings === null && !isAllowed(name, allowedHosts)) return null
    const dot = name.indexOf('.')
    const api = dot > 0 ? (apis.get(name.slice(0, dot)) ?? null) : null
    return { authority, api, mappings }
  }

  function resolve(hostHeader: string, path: string): Target<S> | null {
    const host = hostOf(hostHeader)
    if (host === null || path.charCodeAt(0) !== 47) return null
    const end = segmentEnd(path, 1)
    const first = path.slice(1, end)
    if (host.mappings !== null) return throughDomain(host, first, path, end)
    if (host.api !== null) {
      const found = openIn(host.api, first, host.authority, { path, end, whole: 0 })
      if (found !== null) return found
    }
    const named = apis.get(first)
    if (named !== undefined && (end < path.length || named.has('$default'))) {
      const stageEnd = segmentEnd(path, end + 1)
      const name = path.slice(end + 1, stageEnd)
      const found = openIn(named, name, `${host.authority}/${first}`, { path, end: stageEnd, whole: end })
      if (found !== null) return found
    }
    // Where the host names an API, another one's stage would be the wrong place to lead a client to.
    if (fallback === null || host.api !== null) return null
    return openIn(fallback, first, host.authority, { path, end, whole: 0 })
  }

  function throughDomain(host: Host<S>, first: string, path: string, end: number): Target<S> | null {
    const mappings = host.mappings as ReadonlyMap<string, Mapping>
    const named = first === '' ? undefined : mappings.get(first)
    if (named !== undefined) return mapped(named, host.authority, path, end)
    const whole = mappings.get('')
    return whole === undefined ? null : mapped(whole, host.authority, path, 0)
  }

  function mapped({ apiId, stage, takesClients, anyApi }: Mapping, domain: string, path: string, end: number) {
    const found = target(apis.get(apiId)?.get(stage), domain, path, end)
    // Whose connections are meant nobody can tell, so that nobody could be asked.
    if (found === null || (anyApi && isApart && !takesClients)) return null
    return { ...found, takesClients, anyApi: anyApi && !isApart }
  }

  function replace(apiId: string, stages: readonly S[]): readonly StageSlot<S>[] {
    const slots = apis.get(apiId) ?? new Map<string, StageSlot<S>>()
    for (const stage of stages) {
      const slot = slots.get(stage.name)
      if (slot === undefined) slots.set(stage.name, createStageSlot(stage))
      else {
        slot.newest = stage
        slot.current = stage
      }
    }
    const ended = [...slots.values()].filter((each) => !stages.some((stage) => stage.name === each.stageName))
    for (const slot of ended) {
      slot.current = null
      slots.delete(slot.stageName)
    }
    if (slots.size > 0) apis.set(apiId, slots)
    else apis.delete(apiId)
    hosts.clear()
    isApart =
      keepsApart || [...apis.values()].some((each) => [...each.values()].some(({ current }) => current?.isGuarded))
    const only = apis.size === 1 ? apis.values().next().value : undefined
    fallback = (defaultApi === null ? only : apis.get(defaultApi)) ?? null
    return ended
  }

  return { resolve, replace, slots: () => [...apis.values()].flatMap((stages) => [...stages.values()]) }
}

interface Places {
  readonly path: string
  /** The end of the segment that may name a stage. */
  readonly end: number
  /** The beginning of what belongs to the stage `$default`: that segment included. */
  readonly whole: number
}

/** The target in one API: the stage that a segment names, else `$default`, whose path has no name of a stage. */
function openIn<S extends Stage>(
  stages: Slots<S>,
  name: string,
  domainName: string,
  { path, end, whole }: Places,
): Target<S> | null {
  return open(stages.get(name), domainName, path, end) ?? open(stages.get('$default'), domainName, path, whole)
}

/** The target under a host that is no custom domain; null also for a stage that is served under those only. */
function open<S extends Stage>(
  slot: StageSlot<S> | undefined,
  domainName: string,
  path: string,
  end: number,
): Target<S> | null {
  return slot?.current?.domainsOnly ? null : target(slot, domainName, path, end)
}

function target<S extends Stage>(
  slot: StageSlot<S> | undefined,
  domainName: string,
  path: string,
  end: number,
): Target<S> | null {
  if (slot === undefined || slot.current === null) return null
  return {
    slot,
    stage: slot.current,
    domainName,
    rest: path.slice(end),
    takesClients: true,
    anyApi: false,
  }
}

const loopback = /^(?:(?:.*\.)?localhost|127(?:\.\d{1,3}){3}|\[::1\])$/

/** A backend that posts to `domainName` trusts the Host header that its client chose: hence the list. */
function isAllowed(name: string, allowed: readonly string[]): boolean {
  if (allowed.length === 0 || loopback.test(name)) return true
  return allowed.some((each) => (each.startsWith('*.') ? name.endsWith(each.slice(1)) : name === each))
}

function segmentEnd(path: string, from: number): number {
  const slash = path.indexOf('/', from)
  return slash < 0 ? path.length : slash
}

/**
 * The stages of a domain by mapping key, and by stage, since backends build `domainName + '/' + stage`, which AWS does
 * not serve on a custom domain. Where several APIs have a stage of that name, a callback must not be answered for the
 * wrong one: it would be 410, and the backend forget a client that is there.
 */
function mappingsOf({ apiMappings }: DomainMapping): ReadonlyMap<string, Mapping> {
  const isShared = (stage: string, apiId: string) =>
    apiMappings.some((each) => each.stage === stage && each.apiId !== apiId)
  const mappings = new Map<string, Mapping>()
  for (const { apiMappingKey, apiId, stage } of apiMappings) {
    mappings.set(apiMappingKey, { apiId, stage, takesClients: true, anyApi: isShared(apiMappingKey, apiId) })
  }
  for (const { apiId, stage } of apiMappings) {
    const anyApi = isShared(stage, apiId)
    if (!mappings.has(stage)) mappings.set(stage, { apiId, stage, takesClients: !anyApi, anyApi })
  }
  return mappings
}
