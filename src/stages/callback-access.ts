import type { CallerAccess } from '../authorizers/contract.ts'
import type { Policy } from '../policies/policy.ts'
import { type CallbackOperation, callbackOperations, perOperation } from '../vocabulary/callback-operations.ts'

/** The permission that each call of a backend asks for. */
export type CallbackAccess = Readonly<Record<CallbackOperation, CallerAccess>>

/**
 * The permissions of one stage, with the policy of its API where it has one. The last part of the resource is this text with its braces, whatever the id in the URL:
 * AWS evaluates the template of the route, so that a policy can't name one connection.
 */
export function callbackAccess(apiId: string, stage: string, policy: Policy | null = null): CallbackAccess {
  return perOperation((operation): CallerAccess => {
    const [method, path] = callbackOperations[operation]
    return {
      service: 'execute-api',
      permission: 'ManageConnections',
      resource: `${apiId}/${stage}/${method}${path}`,
      policy,
    }
  })
}
