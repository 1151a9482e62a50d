/** A connection as the management port shows it; times are ISO 8601. */
export interface ShownConnection {
  readonly connectionId: string
  readonly apiId: string
  readonly stage: string
  readonly connectedAt: string
  readonly lastActiveAt?: string
  readonly sourceIp: string
  readonly userAgent: string | null
  readonly domainName: string
  readonly authorizer: Readonly<Record<string, string>> | null
  /** The members that its credentials tell; absent in what an older gateway says. */
  readonly identity?: Readonly<Record<string, string>> | null
  /** The user and the attributes; absent in what an older gateway says. */
  readonly userId?: string | null
  readonly attributes?: Readonly<Record<string, string>> | null
}

/** Whatever is said of all workers. */
export interface ShownFleetAnswer {
  /** Whether workers may be missing that nobody can name yet; absent in what an older gateway says. */
  readonly incomplete?: boolean
}

export interface ShownPage extends ShownFleetAnswer {
  readonly connections: readonly ShownConnection[]
  readonly cursor: string | null
  /** Workers that did not answer, so that their connections are missing. */
  readonly unanswered: readonly { readonly owner: number; readonly name: string }[]
}

/** The outcome of closing the connections of somebody. */
export interface ShownClosing {
  readonly closed: number
  /** Whether some may still be open: workers did not answer, or can't be named yet. */
  readonly incomplete: boolean
  readonly unanswered: readonly string[]
}

/** The groups of a stage, a page of them. */
export interface ShownGroups extends ShownFleetAnswer {
  readonly groups: readonly { readonly name: string; readonly connections: number }[]
  readonly cursor: string | null
  readonly unanswered: ShownPage['unanswered']
}

/** A group, with a page of its members. */
export interface ShownGroupPage extends ShownFleetAnswer {
  readonly connections: number
  readonly connectionIds: readonly string[]
  readonly cursor: string | null
  readonly unanswered: ShownPage['unanswered']
}

/** The outcome of a message for a group. */
export interface ShownReport {
  readonly sent: number
  readonly full: number
  readonly gone: number
  readonly unreachable: number
}

export interface ShownWorker {
  readonly owner: number
  readonly name: string
  /** Whether this worker is the one that answered. */
  readonly self: boolean
  readonly state: 'alive' | 'dead' | 'burying'
  readonly version: string | null
  readonly connections: number
  readonly startedAt: string | null
  readonly leaseUntil: string | null
}

export interface ShownWorkers extends ShownFleetAnswer {
  readonly workers: readonly ShownWorker[]
  /** The time by the clock of the worker that answered. */
  readonly now: string
}

/** The requests of a key to a stage on a day, as the management port shows them. */
export interface ShownUsageRow {
  readonly day: string
  readonly usagePlanId: string
  readonly apiKeyId: string
  readonly apiKeyName: string | null
  readonly apiId: string
  readonly stage: string
  readonly requests: number
  /** The cost by the price list; null without a price. */
  readonly cost: number | null
}

/** The quota of a key in a plan in the period that it is now, as the management port shows it; times are ISO 8601. */
export interface ShownQuota {
  readonly usagePlanId: string
  readonly apiKeyId: string
  readonly period: string
  readonly start: string
  readonly end: string
  readonly limit: number
  readonly granted: number
  readonly used: number
  readonly remaining: number
}

export interface ShownUsage {
  readonly from: string
  readonly to: string
  readonly currency: string | null
  readonly usage: readonly ShownUsageRow[]
  /** The quotas of now, whatever the days; absent in what an older gateway says. */
  readonly quotas?: readonly ShownQuota[]
}

/** A revocation as the management port shows it, with one of the first three; times are ISO 8601. */
export interface ShownRevocation {
  readonly tokenId?: string
  readonly principalId?: string
  readonly apiKeyId?: string
  readonly apiId: string | null
  readonly revokedAt: string
  readonly expiresAt: string
  readonly reason: string | null
}

export interface ShownRevocations {
  readonly revocations: readonly ShownRevocation[]
  readonly cursor: string | null
  /** The time by the clock of the worker that answered. */
  readonly now: string
}

/**
 * A failure of the management port: its refusal, or that it did not answer. The message is for the person at the
 * terminal.
 */
export class ManagementFailure extends Error {
  override readonly name = 'ManagementFailure'
}

export interface ManagementClient {
  list(query: URLSearchParams): Promise<ShownPage>
  get(id: string): Promise<ShownConnection>
  workers(): Promise<ShownWorkers>
  usage(query: URLSearchParams): Promise<ShownUsage>
  changeQuota(change: Readonly<Record<string, string | number>>): Promise<ShownQuota>
  send(id: string, data: string): Promise<void>
  close(id: string, query: URLSearchParams): Promise<void>
  closeAll(query: URLSearchParams): Promise<ShownClosing>
  groups(query: URLSearchParams): Promise<ShownGroups>
  group(name: string, query: URLSearchParams): Promise<ShownGroupPage>
  sendToGroup(name: string, query: URLSearchParams, data: string): Promise<ShownReport>
  closeGroup(
    name: string,
    query: URLSearchParams,
  ): Promise<{ readonly connections: number; readonly unreachable: number }>
  revocations(query: URLSearchParams): Promise<ShownRevocations>
  revoke(revocation: Readonly<Record<string, string>>): Promise<void>
  unrevoke(query: URLSearchParams): Promise<void>
}

/** The way in which a command shows the port that it may come in. */
export interface ManagementAccess {
  readonly kind: 'none' | 'token' | 'signature'
  /** The headers that a request needs for it. */
  headersFor(request: ManagementRequest): readonly (readonly [name: string, value: string])[]
}

export interface ManagementRequest {
  readonly method: string
  readonly url: URL
  readonly body: string | undefined
}

const answerInMillis = 15_000

/** Creates a client of the management port at `url`. Every method rejects with a `ManagementFailure`. */
export function createManagementClient(url: string, access: ManagementAccess): ManagementClient {
  const base = url.replace(/\/+$/, '')
  const path = (id: string) => `/api/connections/${encodeURIComponent(id)}`

  async function call(method: string, path: string, body?: string): Promise<Response> {
    const target = new URL(`${base}${path}`)
    const headers: Record<string, string> = {
      accept: 'application/json',
      ...Object.fromEntries(access.headersFor({ method, url: target, body })),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    }
    const response = await fetch(target, {
      method,
      headers,
      redirect: 'error',
      signal: AbortSignal.timeout(answerInMillis),
      ...(body === undefined ? {} : { body }),
    }).catch((error: unknown) => {
      throw new ManagementFailure(unreached(base, error), { cause: error })
    })
    if (!response.ok) throw new ManagementFailure(await refused(base, response, access.kind))
    return response
  }

  async function json<T>(response: Response): Promise<T> {
    try {
      return (await response.json()) as T
    } catch (error) {
      throw new ManagementFailure(`${base} does not answer like a management port`, { cause: error })
    }
  }

  return {
    list: async (query) => json(await call('GET', `/api/connections?${query}`)),
    get: async (id) => json(await call('GET', path(id))),
    usage: async (query) => json(await call('GET', `/api/usage?${query}`)),
    changeQuota: async (change) => json(await call('PATCH', '/api/usage', JSON.stringify(change))),
    workers: async () => json(await call('GET', '/api/workers')),
    send: async (id, data) => void (await call('POST', path(id), JSON.stringify({ data }))),
    closeAll: async (query) => json(await call('DELETE', `/api/connections?${query}`)),
    groups: async (query) => json(await call('GET', `/api/groups?${query}`)),
    group: async (name, query) => json(await call('GET', `/api/group?${named(name, query)}`)),
    sendToGroup: async (name, query, data) =>
      json(await call('POST', `/api/group?${named(name, query)}`, JSON.stringify({ data }))),
    closeGroup: async (name, query) => json(await call('DELETE', `/api/group?${named(name, query)}`)),
    revocations: async (query) => json(await call('GET', `/api/revocations?${query}`)),
    revoke: async (revocation) => void (await call('POST', '/api/revocations', JSON.stringify(revocation))),
    unrevoke: async (query) => void (await call('DELETE', `/api/revocations?${query}`)),
    close: async (id, query) => void (await call('DELETE', `${path(id)}?${query}`)),
  }
}

function named(name: string, query: URLSearchParams): URLSearchParams {
  return new URLSearchParams([['name', name], ...query])
}

function unreached(base: string, error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  if (code === 'ECONNREFUSED') {
    return `nothing listens on ${base}: start the gateway, or name its management port with --management-url`
  }
  if (error instanceof Error && error.name === 'TimeoutError') {
    return `${base} did not answer within ${answerInMillis / 1000} seconds`
  }
  return `${base} can't be reached: ${cause instanceof Error ? cause.message : String(error)}`
}

async function refused(base: string, response: Response, kind: ManagementAccess['kind']): Promise<string> {
  if (response.headers.get('x-amzn-errortype') === 'MissingAuthenticationTokenException' && kind !== 'signature') {
    return `${base} asks for a signature: give --sign, with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY set`
  }
  if (response.status === 401 && kind !== 'token') {
    return `${base} asks for a token: set POSTERN_MANAGEMENT_TOKEN, or name a file with --token-file`
  }
  const answer: unknown = await response.json().catch(() => null)
  const message = typeof answer === 'object' && answer !== null && 'message' in answer ? answer.message : null
  return typeof message === 'string' ? message : `${base} answered ${response.status}`
}
