import type { Log } from '../observability/contract.ts'
import type { Group, Groups } from '../registry/group-contract.ts'
import type { HttpExchange } from '../transport/contract.ts'
import { audienceNameRule, isAudienceName } from '../vocabulary/audience-name.ts'
import { isRead, notAllowed } from './connections-api.ts'
import type { ManagedApi } from './managed-apis.ts'
import { BadRequest, closingOf, isJson, readLimit, readPosted, readQuery } from './read-request.ts'
import type { RegistryFailures } from './registry-failures.ts'
import { refuse, replyJson } from './reply.ts'

export interface GroupsApiOptions {
  readonly registry: Groups
  readonly failures: RegistryFailures
  /** The APIs that are served now. Must not reject. */
  readonly apis: () => readonly ManagedApi[] | Promise<readonly ManagedApi[]>
  readonly log: Log
}

const stageMembers = ['apiId', 'stage'] as const
const listMembers = new Set([...stageMembers, 'limit', 'cursor'])
const showMembers = new Set([...listMembers, 'name'])
const sendMembers = new Set([...stageMembers, 'name'])
const closeMembers = new Set([...sendMembers, 'code', 'reason'])
const everybody = { except: [], filter: null }
const sendOptions = { ...everybody, coalesce: null, failures: 0 }

/** The stage that a request names, which may be left out where there is only one. */
interface Named {
  readonly apiId: string | undefined
  readonly stage: string | undefined
}

/**
 * Creates the handlers of `/api/groups`, the groups of a stage with their numbers of members, and of `/api/group`: one
 * group with its members, a message for all of them, or their close. The name is in the query, since in a path `..` is none.
 */
export function createGroupsApi({ registry, failures, apis, log }: GroupsApiOptions) {
  /** Finds the stage that is meant. */
  async function stageOf({ apiId, stage }: Named): Promise<{ apiId: string; stage: string }> {
    const all = (await apis()).flatMap((api) => api.stages.map((each) => ({ apiId: api.apiId, stage: each.stage })))
    const found = all.filter(
      (each) => (apiId === undefined || each.apiId === apiId) && (stage === undefined || each.stage === stage),
    )
    const [only] = found
    if (only !== undefined && found.length === 1) return only
    const names = all.map((each) => `${each.apiId}/${each.stage}`).join(', ')
    throw new BadRequest(
      `${only === undefined ? 'There is no such stage; there are' : 'Several stages are served; say which one by apiId and stage'}: ${names}`,
    )
  }

  async function groupOf(name: string, named: Named): Promise<Group> {
    return { ...(await stageOf(named)), kind: 'group', name }
  }

  function list(exchange: HttpExchange): void {
    const { named, limit, cursor } = readPage(exchange, listMembers)
    answer(exchange, async () => {
      const { apiId, stage } = await stageOf(named)
      const { groups, ...rest } = await registry.groups(apiId, stage, cursor, limit)
      replyJson(exchange, 200, { apiId, stage, groups, ...rest })
    })
  }

  function show(exchange: HttpExchange): void {
    const { named, name, limit, cursor } = readPage(exchange, showMembers)
    answer(exchange, async () => {
      const group = await groupOf(readName(name), named)
      const count = await registry.countAll(group)
      const { connectionIds, cursor: next, unanswered, incomplete } = await registry.members(group, cursor, limit)
      const missing = new Map([...count.unanswered, ...unanswered].map((each) => [each.owner, each]))
      replyJson(exchange, 200, {
        ...{ apiId: group.apiId, stage: group.stage, name, connections: count.connections },
        ...{ connectionIds, cursor: next },
        ...{ unanswered: [...missing.values()], incomplete: count.incomplete || incomplete },
      })
    })
  }

  function send(exchange: HttpExchange): void {
    if (!isJson(exchange)) return
    const given = readQuery(exchange.request.query, sendMembers)
    const [named, name] = [namedIn(given), readName(given.get('name'))]
    readPosted(exchange, (data) =>
      answer(exchange, async () => {
        const group = await groupOf(name, named)
        const { failures: _, ...report } = await registry.send(group, { data, binary: false }, sendOptions)
        replyJson(exchange, 200, report)
      }),
    )
  }

  function close(exchange: HttpExchange): void {
    const given = readQuery(exchange.request.query, closeMembers)
    const { code, reason } = closingOf(given)
    const [named, name] = [namedIn(given), readName(given.get('name'))]
    answer(exchange, async () => {
      const group = await groupOf(name, named)
      const { connections, unreachable } = await registry.closeAll(group, everybody, code, reason)
      log.info({ ...group, code, reason, connections }, 'a group was closed through the management port')
      replyJson(exchange, 200, { connections, unreachable })
    })
  }

  /** Runs the part of an operation that may have to wait, and words its failure. */
  function answer(exchange: HttpExchange, work: () => Promise<void>): void {
    work().catch((error: unknown) => {
      if (error instanceof BadRequest) refuse(exchange, 400, error.message)
      else failures.refuse(exchange, error)
    })
  }

  /** Has what is wrong with the request answered with 400. */
  function judged(handle: (exchange: HttpExchange) => void): (exchange: HttpExchange) => void {
    return (exchange) => {
      try {
        handle(exchange)
      } catch (error) {
        if (!(error instanceof BadRequest)) throw error
        refuse(exchange, 400, error.message)
      }
    }
  }

  return {
    groups: judged((exchange) =>
      isRead(exchange.request.method) ? list(exchange) : notAllowed(exchange, 'GET, HEAD'),
    ),
    group: judged((exchange) => {
      const { method } = exchange.request
      if (isRead(method)) return show(exchange)
      if (method === 'POST') return send(exchange)
      return method === 'DELETE' ? close(exchange) : notAllowed(exchange, 'GET, HEAD, POST, DELETE')
    }),
  }
}

function readPage(exchange: HttpExchange, known: ReadonlySet<string>) {
  const given = readQuery(exchange.request.query, known)
  return {
    named: namedIn(given),
    name: given.get('name'),
    limit: readLimit(given.get('limit')),
    cursor: given.get('cursor') ?? null,
  }
}

function namedIn(given: ReadonlyMap<string, string>): Named {
  return { apiId: given.get('apiId'), stage: given.get('stage') }
}

function readName(name: string | undefined): string {
  if (name === undefined || !isAudienceName(name)) throw new BadRequest(`name has ${audienceNameRule}`)
  return name
}
