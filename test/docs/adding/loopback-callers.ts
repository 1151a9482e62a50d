import type { CallerAuthorizer } from '../../../src/authorizers/contract.ts'

/** Lets callers of this machine in, and nobody else. */
export const loopbackCallers: CallerAuthorizer<string> = {
  readsBody: false,
  credentials: (request) => request.remoteAddress(),
  judge: (address) => (address === '127.0.0.1' || address === '::1' ? 'allowed' : 'refused'),
}
