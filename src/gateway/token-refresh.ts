import type { AuthorizerResult, ConnectionToken } from '../authorizers/contract.ts'
import type { RevocationCheck } from '../revocations/contract.ts'
import type { ErrorCode } from '../vocabulary/errors.ts'
import { parseJson } from '../vocabulary/json-text.ts'
import { revokedCode } from '../vocabulary/revoked-code.ts'
import type { Connection } from './connection.ts'

/** The new token in a message: its member `token`; null when there is none. */
export function tokenIn(text: string): string | null {
  const body = parseJson(text)
  if (typeof body !== 'object' || body === null || !Object.hasOwn(body, 'token')) return null
  const { token } = body as { token: unknown }
  return typeof token === 'string' ? token : null
}

/**
 * Puts a new token in place of the one that a connection has, when it is good and of the same subject; gives the code of
 * the refusal, null when it was taken. From then on events have the new token's context.
 */
export function takeToken(
  connection: Connection,
  result: AuthorizerResult,
  revocations: RevocationCheck,
): ErrorCode | null {
  if (!result.allowed) return result.code
  const { token = null } = result
  if (token === null || !isSameSubject(token, connection.token)) return 'OTHER_TOKEN_SUBJECT'
  const { apiId, identity } = connection
  const code = revokedCode(revocations.find({ apiId, identity, authorizer: result.context }))
  if (code !== null) return code
  connection.token = token
  connection.authorizer = result.context
  return null
}

/** Whether a connection's token has one of the scopes. */
export function hasScope({ token }: Connection, scopes: readonly string[]): boolean {
  return token !== null && scopes.some((scope) => token.scopes.includes(scope))
}

/** Whether two tokens are of one subject; one without a subject is of nobody. */
function isSameSubject(one: ConnectionToken, other: ConnectionToken | null): boolean {
  return other !== null && one.subject !== null && one.subject === other.subject
}
