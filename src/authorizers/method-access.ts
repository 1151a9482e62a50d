import { comparablePath } from '../vocabulary/comparable-path.ts'
import type { AuthorizerScope, CallerAccess } from './contract.ts'

/**
 * The permission that a request for a method or a route asks for: it names the path that came, below the stage, not the
 * resource's. A policy is not got past by percent-encoding what need not be.
 */
export function methodAccess({ apiId, stage, policy }: AuthorizerScope, method: string, path: string): CallerAccess {
  const resource = `${apiId}/${stage}/${method}${comparablePath(path)}`
  return { service: 'execute-api', permission: 'Invoke', resource, policy: policy ?? null }
}
