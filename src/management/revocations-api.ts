import type { Log } from '../observability/contract.ts'
import {
  maxRevocations,
  type Revocation,
  type RevocationName,
  type Revocations,
  revokedKinds,
} from '../revocations/contract.ts'
import type { HttpExchange } from '../transport/contract.ts'
import { isRead, notAllowed } from './connections-api.ts'
import type { Handle } from './door.ts'
import { isJson } from './read-request.ts'
import { isoTime, refuse, replyEmpty, replyJson } from './reply.ts'

/** Bytes of a posted revocation. */
const maxBodyBytes = 8_192
/** Characters of what is revoked, and of the reason. */
const maxTextLength = 512
/** The longest time that a revocation may stand, so that a slip of the pen is not for ever. */
const maxSpanInMillis = 400 * 24 * 3_600_000
const defaultPage = 1_000

export interface RevocationsApiOptions {
  readonly revocations: Revocations
  readonly log: Log
  readonly now: () => number
}

/** A fault of a request, worded as the caller should read it. */
class BadRequest extends Error {}

/** Creates the handler of `/api/revocations`: listing, adding and taking back. */
export function createRevocationsApi({ revocations, log, now }: RevocationsApiOptions): Handle {
  function list(exchange: HttpExchange): void {
    const { offset, limit } = readPage(exchange.request.query)
    answer(exchange, async () => {
      const all = await revocations.list()
      const shown = all.slice(offset, offset + limit).map(readable)
      const next = offset + limit < all.length ? String(offset + limit) : null
      replyJson(exchange, 200, { revocations: shown, total: all.length, cursor: next, now: isoTime(now()) })
    })
  }

  function add(exchange: HttpExchange): void {
    if (!isJson(exchange)) return
    exchange.readBody(maxBodyBytes, (body) => {
      if (body === null) return refuse(exchange, 413, `A revocation has at most ${maxBodyBytes} bytes`)
      guarded(exchange, () => {
        const revocation = readRevocation(body, now())
        answer(exchange, async () => {
          if ((await revocations.add(revocation)) === 'full') {
            return refuse(exchange, 507, `There are ${maxRevocations} revocations: take some back first`)
          }
          const { kind, value, apiId, expiresAt } = revocation
          log.info({ [kind]: value, apiId, expiresAt: isoTime(expiresAt) }, 'revoked through the management port')
          replyJson(exchange, 200, readable(revocation))
        })
      })
    })
  }

  function remove(exchange: HttpExchange): void {
    const name = readName(new Map(new URLSearchParams(exchange.request.query)), ['apiId'])
    answer(exchange, async () => {
      if (!(await revocations.remove(name))) return refuse(exchange, 404, 'There is no such revocation')
      const { kind, value, apiId } = name
      log.info({ [kind]: value, apiId }, 'a revocation was taken back through the management port')
      replyEmpty(exchange)
    })
  }

  function answer(exchange: HttpExchange, work: () => Promise<void>): void {
    work().catch((error: unknown) => {
      log.warn({ err: error }, 'the revocations could not be reached')
      refuse(exchange, 503, 'The revocations can not be reached now; the log says why')
    })
  }

  function guarded(exchange: HttpExchange, run: () => void): void {
    try {
      run()
    } catch (error) {
      if (!(error instanceof BadRequest)) throw error
      refuse(exchange, 400, error.message)
    }
  }

  return function handle(exchange) {
    const { method } = exchange.request
    guarded(exchange, () => {
      if (isRead(method)) list(exchange)
      else if (method === 'POST') add(exchange)
      else if (method === 'DELETE') remove(exchange)
      else notAllowed(exchange, 'GET, HEAD, POST, DELETE')
    })
  }
}

// --- reading ---

/** Reads what is revoked: one of the kinds, and in which API; `others` are further members that may stand there. */
function readName(given: ReadonlyMap<string, unknown>, others: readonly string[]): RevocationName {
  const unknown = [...given.keys()].find(
    (name) => !others.includes(name) && !revokedKinds.some((kind) => kind === name),
  )
  if (unknown !== undefined) {
    throw new BadRequest(`There is no ${JSON.stringify(unknown)}; known are ${[...revokedKinds, ...others].join(', ')}`)
  }
  const [kind, another] = revokedKinds.filter((each) => given.has(each))
  if (kind === undefined || another !== undefined) throw new BadRequest(`One of ${revokedKinds.join(', ')} is needed`)
  return {
    kind,
    value: readText(kind, given.get(kind)),
    apiId: given.has('apiId') ? readText('apiId', given.get('apiId')) : null,
  }
}

function readText(name: string, value: unknown): string {
  if (typeof value === 'string' && value !== '' && value.length <= maxTextLength) return value
  throw new BadRequest(`${name} is a text of at most ${maxTextLength} characters`)
}

function readRevocation(body: Buffer, now: number): Revocation {
  const given = readObject(body)
  const name = readName(given, ['apiId', 'expiresAt', 'reason'])
  const expiresAt = readTime(given.get('expiresAt'))
  if (expiresAt === null) {
    throw new BadRequest('expiresAt is needed: when what is revoked ends by itself, such as 2026-10-05T08:09:10Z')
  }
  if (expiresAt <= now) throw new BadRequest('expiresAt has passed: there is nothing to revoke any more')
  if (expiresAt > now + maxSpanInMillis) throw new BadRequest('expiresAt lies at most 400 days ahead')
  const reason = given.has('reason') ? readText('reason', given.get('reason')) : null
  return { ...name, revokedAt: now, expiresAt, reason }
}

function readObject(body: Buffer): ReadonlyMap<string, unknown> {
  try {
    const value: unknown = JSON.parse(body.toString())
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return new Map(Object.entries(value))
  } catch {
    // No JSON: the same sentence.
  }
  throw new BadRequest('The body must be {"tokenId":"…","expiresAt":"…"}')
}

/** A time as ISO 8601, or in milliseconds since 1970. */
function readTime(value: unknown): number | null {
  const time = typeof value === 'number' ? value : typeof value === 'string' ? Date.parse(value) : Number.NaN
  return Number.isSafeInteger(time) ? time : null
}

function readPage(query: string): { offset: number; limit: number } {
  const given = new Map(new URLSearchParams(query))
  for (const name of given.keys()) {
    if (name !== 'cursor' && name !== 'limit')
      throw new BadRequest(`There is no ${JSON.stringify(name)}; known are cursor, limit`)
  }
  const offset = readNumber('cursor', given.get('cursor') || '0', 0)
  return { offset, limit: readNumber('limit', given.get('limit') || String(defaultPage), 1) }
}

function readNumber(name: string, text: string, least: number): number {
  const value = /^\d{1,7}$/.test(text) ? Number(text) : -1
  if (value < least) throw new BadRequest(`${name} is a number from ${least}`)
  return value
}

// --- writing ---

function readable({ kind, value, apiId, revokedAt, expiresAt, reason }: Revocation) {
  return { [kind]: value, apiId, revokedAt: isoTime(revokedAt), expiresAt: isoTime(expiresAt), reason }
}
