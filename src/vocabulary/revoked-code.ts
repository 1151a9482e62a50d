import type { ErrorCode } from './errors.ts'

/**
 * The code with which somebody is refused for what the list of revocations says (`RevocationCheck.find`): a revocation,
 * `unknown`, or null for nothing.
 */
export function revokedCode(found: object | 'unknown' | null): ErrorCode | null {
  if (found === null) return null
  return found === 'unknown' ? 'REVOCATIONS_UNKNOWN' : 'CREDENTIALS_REVOKED'
}
