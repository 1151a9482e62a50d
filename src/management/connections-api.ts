import type { Log } from '../observability/contract.ts'
import type { ConnectionDirectory, ConnectionFilter, Delivery, FleetPage } from '../registry/contract.ts'
import type { HttpExchange } from '../transport/contract.ts'
import type { ConnectionDescription, ConnectionRecord } from '../vocabulary/connection.ts'
import { userIdOf } from '../vocabulary/connection-user.ts'
import { GatewayError } from '../vocabulary/errors.ts'
import { ownerOfConnectionId } from '../vocabulary/ids.ts'
import { BadRequest, closingOf, maxPage, readLimit, readPosted, readQuery } from './read-request.ts'
import type { RegistryFailures } from './registry-failures.ts'
import { isoTime, refuse, replyEmpty, replyJson } from './reply.ts'

export interface ConnectionsApiOptions {
  readonly registry: ConnectionDirectory & Delivery
  readonly failures: RegistryFailures
  readonly log: Log
  readonly now: () => number
}

/**
 * Creates the handler of `/api/connections`: listing, looking up, pushing to and closing connections of the whole
 * fleet, one by one or all of somebody.
 */
export function createConnectionsApi({ registry, failures, log, now }: ConnectionsApiOptions) {
  function list(exchange: HttpExchange): void {
    // Before anything is awaited: the request is gone afterwards.
    const { filter, cursor, limit } = readListing(exchange.request.query)
    answer(exchange, async () => {
      const { connections, ...rest } = await registry.list(filter, cursor, limit)
      replyJson(exchange, 200, {
        connections: connections.map(readable),
        cursor: rest.cursor,
        incomplete: rest.incomplete,
        unanswered: rest.unanswered.map(({ owner, name }) => ({ owner, name })),
        now: isoTime(now()),
      })
    })
  }

  function get(exchange: HttpExchange, id: string): void {
    answer(exchange, async () => {
      const connection = await found(id)
      if (connection === 'unreachable') return failures.refuseFor(exchange, id)
      if (connection === null) return gone(exchange)
      replyJson(exchange, 200, { ...readable(connection), lastActiveAt: isoTime(connection.lastActiveAt) })
    })
  }

  async function found(id: string): Promise<ConnectionDescription | null | 'unreachable'> {
    try {
      return await registry.get(id)
    } catch (error) {
      if (error instanceof GatewayError && error.code === 'WORKER_UNREACHABLE') return 'unreachable'
      throw error
    }
  }

  function post(exchange: HttpExchange, id: string): void {
    readPosted(exchange, (data) =>
      answer(exchange, async () => {
        const outcome = await registry.deliver(id, { data, binary: false })
        if (outcome === 'gone') return gone(exchange)
        if (outcome === 'full')
          return refuse(exchange, 429, "The client's outbound buffer is full", [['Retry-After', '1']])
        if (outcome === 'unreachable') return failures.refuseFor(exchange, id)
        replyJson(exchange, 200, { outcome })
      }),
    )
  }

  function close(exchange: HttpExchange, id: string): void {
    const { code, reason } = readClosing(exchange.request.query)
    answer(exchange, async () => {
      const outcome = await registry.disconnect(id, code, reason)
      if (outcome === 'gone') return gone(exchange)
      if (outcome === 'unreachable') return failures.refuseFor(exchange, id)
      log.info({ connectionId: id, code, reason }, 'a connection was closed through the management port')
      replyEmpty(exchange)
    })
  }

  /** Closes every connection of a user, a token or an API key, wherever it lives, and says how many those were. */
  function closeAll(exchange: HttpExchange): void {
    const { filter, code, reason } = readClosingOfAll(exchange.request.query)
    answer(exchange, async () => {
      let cursor: string | null = null
      let closed = 0
      let incomplete = false
      const unreached = new Set<string>()
      do {
        const page: FleetPage = await registry.list(filter, cursor, maxPage)
        cursor = page.cursor
        incomplete ||= page.incomplete
        for (const { name } of page.unanswered) unreached.add(name)
        const outcomes = await Promise.all(
          page.connections.map(({ connectionId }) => registry.disconnect(connectionId, code, reason)),
        )
        closed += outcomes.filter((outcome) => outcome === 'closed').length
        incomplete ||= outcomes.includes('unreachable')
      } while (cursor !== null)
      log.info({ ...filter, code, reason, closed }, 'connections were closed through the management port')
      replyJson(exchange, 200, { closed, incomplete: incomplete || unreached.size > 0, unanswered: [...unreached] })
    })
  }

  /** Runs the part of an operation that may have to wait, and words its failure. */
  function answer(exchange: HttpExchange, work: () => Promise<void>): void {
    work().catch((error: unknown) => failures.refuse(exchange, error))
  }

  /** Handles one request; `rest` is the path behind `/api/connections`, not decoded. */
  return function connections(exchange: HttpExchange, rest: string): void {
    const { method } = exchange.request
    try {
      if (rest === '') {
        if (method === 'DELETE') return closeAll(exchange)
        return isRead(method) ? list(exchange) : notAllowed(exchange, 'GET, HEAD, DELETE')
      }
      const id = readId(rest.slice(1))
      if (isRead(method)) return get(exchange, id)
      if (method === 'POST') return post(exchange, id)
      return method === 'DELETE' ? close(exchange, id) : notAllowed(exchange, 'GET, HEAD, POST, DELETE')
    } catch (error) {
      if (!(error instanceof BadRequest)) throw error
      refuse(exchange, 400, error.message)
    }
  }
}

export function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD'
}

export function notAllowed(exchange: HttpExchange, allow: string): void {
  refuse(exchange, 405, `Only ${allow}`, [['Allow', allow]])
}

function gone(exchange: HttpExchange): void {
  refuse(exchange, 410, 'The connection is gone')
}

// --- reading ---

const filters = ['apiId', 'stage', 'userAgent', 'sourceIp', 'principalId', 'tokenId', 'apiKeyId', 'userId'] as const
const listMembers = new Set<string>([...filters, 'since', 'limit', 'cursor'])
/** The members of which a closing of many must have one: what a person has, and nothing that whole crowds share. */
const credentialsOf = ['principalId', 'tokenId', 'apiKeyId', 'userId'] as const

function readListing(query: string): { filter: ConnectionFilter; cursor: string | null; limit: number } {
  const given = readQuery(query, listMembers)
  const filter: ConnectionFilter = {}
  for (const name of filters) {
    const value = given.get(name)
    if (value !== undefined) filter[name] = value
  }
  const since = given.get('since')
  if (since !== undefined) filter.since = readTime(since)
  return { filter, cursor: given.get('cursor') ?? null, limit: readLimit(given.get('limit')) }
}

function readTime(text: string): number {
  const time = /^\d{1,15}$/.test(text) ? Number(text) : Date.parse(text)
  if (Number.isNaN(time)) throw new BadRequest('since is a time like 2025-10-05T08:09:10Z, or milliseconds since 1970')
  return time
}

function readId(text: string): string {
  let id = ''
  try {
    id = decodeURIComponent(text)
  } catch {
    // Not percent-encoded: no id.
  }
  if (ownerOfConnectionId(id) === -1) throw new BadRequest(`Invalid connectionId: ${text.slice(0, 100)}`)
  return id
}

const closeMembers = new Set(['code', 'reason'])
const closeAllMembers = new Set<string>(['apiId', 'stage', ...credentialsOf, ...closeMembers])

/** Reads whose connections are to be closed, and with which close frame. */
function readClosingOfAll(query: string) {
  const given = readQuery(query, closeAllMembers)
  if (!credentialsOf.some((name) => given.has(name))) {
    throw new BadRequest(`A closing of many needs one of ${credentialsOf.join(', ')}`)
  }
  const filter: ConnectionFilter = {}
  for (const name of ['apiId', 'stage', ...credentialsOf] as const) {
    const value = given.get(name)
    if (value !== undefined) filter[name] = value
  }
  return { filter, ...closingOf(given) }
}

/**
 * Reads code and reason of a closing. A reason without a code goes with 1000; without both the connection closes as by
 * AWS's DELETE.
 */
function readClosing(query: string): { code: number | null; reason: string | null } {
  return closingOf(readQuery(query, closeMembers))
}

// --- writing ---

/**
 * A connection as the port shows it. Only chosen members are copied: a record may be an object that holds much more.
 */
function readable(record: ConnectionRecord | ConnectionDescription) {
  const { connectionId, apiId, stage, connectedAt, sourceIp, userAgent, domainName, authorizer, identity } = record
  // The value of a key opens what it is a key to, and a certificate is long: their ids tell enough.
  const { apiKey: _, 'clientCert.clientCertPem': __, ...shown } = identity ?? {}
  const common = { connectionId, apiId, stage, connectedAt: isoTime(connectedAt), sourceIp, userAgent, domainName }
  const user = { userId: userIdOf(record), attributes: record.attributes ?? null }
  return { ...common, authorizer, identity: identity === null ? null : shown, ...user }
}
