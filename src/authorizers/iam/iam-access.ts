import { evaluatePolicies } from '../../policies/policy.ts'
import type { CallerAccess, CallerRefusal } from '../contract.ts'
import { accessRequest, type PolicyFacts, type PolicyTerms, policyRefusal } from '../policy-access.ts'
import type { AccessKeys, UsableKey } from './access-keys.ts'
import type { SignedRequest } from './signed-request.ts'
import { createSignatureVerifier } from './verify-signature.ts'

/** The terms on which signed requests are let in. */
export interface IamOptions extends PolicyTerms {
  readonly keys: AccessKeys
}

/** A signed request with all that its signature and its policies may ask for. */
export interface IamRequest extends SignedRequest, PolicyFacts {}

/**
 * Decides on a signed request: by its signature first, then by the policies of the user whose it is and that of what is
 * asked for. All users are of the account of all resources, so that either may allow it, and either deny ("How API
 * Gateway resource policies affect authorization workflow"). `body` is null where it is not read.
 */
export type JudgeSigned = (
  request: IamRequest,
  body: Uint8Array | null,
  access: CallerAccess,
) => { readonly key: UsableKey } | { readonly refusal: CallerRefusal }

/** Creates the judge. */
export function createIamJudge(options: IamOptions): JudgeSigned {
  const { keys, region, now } = options
  const verify = createSignatureVerifier({ keys, region, now })
  return (request, body, access) => {
    const verified = verify(request, body, access.service)
    if ('refusal' in verified) return verified
    const { principal, policies } = verified.key.user
    const all = access.policy ? [...policies, access.policy] : policies
    const decision = evaluatePolicies(all, accessRequest(options, request, access, principal))
    if (decision === 'allowed') return verified
    return { refusal: policyRefusal(decision, options, access, principal) }
  }
}
