import type { AuthorizerType } from '../authorizers/contract.ts'

/** The box of authorizers of clients: every kind, with what it needs to run. */
export function createAuthorizerTypes(): readonly AuthorizerType[] {
  return []
}
