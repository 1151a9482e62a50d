import type { RevocationCheck } from '../revocations/contract.ts'
import type { ErrorCode } from '../vocabulary/errors.ts'

/** The code with which somebody is refused for what the list of revocations says; null for nothing. */
export function revokedCode(found: ReturnType<RevocationCheck['find']>): ErrorCode | null {
  if (found === null) return null
  return found === 'unknown' ? 'REVOCATIONS_UNKNOWN' : 'CREDENTIALS_REVOKED'
}
