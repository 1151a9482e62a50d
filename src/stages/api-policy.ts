import type { ApiDefinition } from '../config/api-definition.ts'
import type { ReportFault } from '../integrations/contract.ts'
import type { Policy } from '../policies/policy.ts'
import { readPolicy } from '../policies/read-policy.ts'

/**
 * Compiles the policy of an API; null for none, and where it has faults, each of which is reported. Config has put the
 * document in place of a file's name.
 */
export function compileApiPolicy({ policy, apiId }: ApiDefinition, report: ReportFault): Policy | null {
  if (policy === undefined) return null
  const read = readPolicy(policy, { of: 'resource', expandResource: (text) => expandResource(text, apiId) })
  for (const { path, message } of read.faults ?? []) report(['policy', ...path], message)
  return read.policy
}

/**
 * The ARN of `execute-api:/{stage}/…` ("Resource format of permissions for executing API in API Gateway"). Wherever and
 * in whichever account, since a policy is only ever asked about its own API.
 */
function expandResource(text: string, apiId: string): string | null {
  const prefix = 'execute-api:/'
  return text.startsWith(prefix) ? `arn:aws:execute-api:*:*:${apiId}/${text.slice(prefix.length)}` : null
}
