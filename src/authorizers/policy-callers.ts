import type { TransportRequest } from '../transport/contract.ts'
import type { PromptCallerAuthorizer, RequestClient } from './contract.ts'
import { createPolicyJudge, type PolicyFacts, type PolicyTerms, policyFacts } from './policy-access.ts'

export interface PolicyCallersOptions extends PolicyTerms {
  readonly clientAddress: (request: TransportRequest) => RequestClient
}

/**
 * Lets callers in whom the policy of the API allows what they ask for, whoever they are; all of them where the API has
 * none. For callers without policies of their own: anyone, and bearers of a token.
 */
export function createPolicyCallers(options: PolicyCallersOptions): PromptCallerAuthorizer<PolicyFacts> {
  const judge = createPolicyJudge(options)
  return {
    readsBody: false,
    weighsPolicy: true,
    credentials: (request) => policyFacts(request, options.clientAddress(request)),
    judge: (facts, _body, access) => judge(facts, access) ?? 'allowed',
  }
}
