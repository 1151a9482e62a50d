/** The management API, as far as the playground needs it. */

const tokenKey = 'postern.playground.token'

export class ManagementError extends Error {
  /** @param {number} status @param {string} message */
  constructor(status, message) {
    super(message)
    this.status = status
  }
}

/** @param {string} token */
export function useToken(token) {
  sessionStorage.setItem(tokenKey, token)
}

/** @typedef {{ stage: string, routeKeys: string[], url: string | null, connections: number }} Stage */
/** @typedef {{ apiId: string, routeSelectionExpression: string | null, stages: Stage[] }} Api */

/** @returns {Promise<{ version: string, apis: Api[] }>} */
export function listApis() {
  return call('GET', '/api/apis')
}

/** @returns {Promise<{ closeReasons: Record<string, import('./text.js').CloseReason> }>} */
export function listCloseReasons() {
  return call('GET', '/api/close-reasons')
}

/** @typedef {{ time: string, code: string, status: number, cause: string, path: string }} Refusal */

/**
 * The newest refusal under a path since a time of the gateway's clock; null when there is none.
 * @param {string} path @param {string | null} since @returns {Promise<Refusal | null>}
 */
export async function findRefusal(path, since) {
  /** @type {{ refusals: Refusal[] }} */
  const { refusals } = await call('GET', '/api/refusals')
  return refusals.findLast((each) => each.path === path && (since === null || each.time >= since)) ?? null
}

/** The gateway's clock, which need not agree with this browser's. @returns {Promise<string>} */
export async function gatewayTime() {
  return (await call('GET', '/api/connections?limit=1')).now
}

/**
 * The id of the connection that this page opened: a handshake's answer does not tell it. Null when it is not alone,
 * or not there (any more).
 * @param {{ apiId: string, stage: string, since: string }} opened
 * @returns {Promise<string | null>}
 */
export async function findConnection({ apiId, stage, since }) {
  const filter = new URLSearchParams({ apiId, stage, since, userAgent: navigator.userAgent, limit: '1000' })
  let cursor = ''
  const found = []
  do {
    filter.set('cursor', cursor)
    const page = await call('GET', `/api/connections?${filter}`)
    found.push(...page.connections)
    cursor = page.cursor ?? ''
  } while (cursor !== '' && found.length < 2)
  return found.length === 1 ? found[0].connectionId : null
}

/** @param {string} id @param {string} data */
export function push(id, data) {
  return call('POST', `/api/connections/${encodeURIComponent(id)}`, JSON.stringify({ data }))
}

/** @param {string} id */
export function closeConnection(id) {
  return call('DELETE', `/api/connections/${encodeURIComponent(id)}`)
}

/** @param {string} method @param {string} path @param {string} [body] @returns {Promise<any>} */
async function call(method, path, body) {
  const token = sessionStorage.getItem(tokenKey)
  /** @type {Record<string, string>} */
  const headers = token === null ? {} : { authorization: `Bearer ${token}` }
  if (body !== undefined) headers['content-type'] = 'application/json'
  let response
  try {
    response = await fetch(path, { method, headers, cache: 'no-store', ...(body === undefined ? {} : { body }) })
  } catch {
    throw new ManagementError(0, 'The management port does not answer. Is the gateway still running?')
  }
  const answer = response.status === 204 ? null : await response.json().catch(() => null)
  if (!response.ok) throw new ManagementError(response.status, answer?.message ?? `Status ${response.status}`)
  return answer
}
