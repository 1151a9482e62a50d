import { type TokenFaultName, tokenFaults } from './token-fault.ts'

/**
 * The `WWW-Authenticate` of a refusal (RFC 6750 §3), in the form that AWS gives it: `Bearer` alone where there was no
 * token. `scopes` are those that the route asks for; null as `fault` is no token at all.
 */
export function challenge(fault: TokenFaultName | null, scopes: readonly string[]): string {
  if (fault === null) return 'Bearer'
  const error = fault === 'scope' ? 'insufficient_scope' : 'invalid_token'
  return `Bearer scope="${scopes.join(' ')}" error="${error}" error_description="${tokenFaults[fault]}"`
}
