import type { CallerAccess } from '../authorizers/contract.ts'
import type { Policy } from '../policies/policy.ts'

/** The permission that each operation of `@connections` asks for. */
export type CallbackAccess = Readonly<Record<'post' | 'get' | 'delete', CallerAccess>>

/**
 * The permissions of one stage, with the policy of its API where it has one. The last part of the resource is this text with its braces, whatever the id in the URL:
 * AWS evaluates the template of the route, so that a policy can't name one connection.
 */
export function callbackAccess(apiId: string, stage: string, policy: Policy | null = null): CallbackAccess {
  const access = (method: string): CallerAccess => ({
    service: 'execute-api',
    permission: 'ManageConnections',
    resource: `${apiId}/${stage}/${method}/@connections/{connectionId}`,
    policy,
  })
  return { post: access('POST'), get: access('GET'), delete: access('DELETE') }
}
