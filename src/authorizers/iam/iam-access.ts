import { evaluatePolicies } from '../../policies/policy.ts'
import { requestKeys } from '../../policies/request-keys.ts'
import { executeApiArn } from '../../vocabulary/arns.ts'
import type { CallerAccess, CallerRefusal, RequestClient } from '../contract.ts'
import type { AccessKeys, UsableKey } from './access-keys.ts'
import type { SignedRequest } from './signed-request.ts'
import { createSignatureVerifier } from './verify-signature.ts'

/** The terms on which signed requests are let in. */
export interface IamOptions {
  readonly keys: AccessKeys
  readonly region: string
  /** The account, twelve digits, that is in the ARNs of all resources. */
  readonly accountId: string
  /** The wall clock, in milliseconds since 1970. */
  readonly now: () => number
}

/** A signed request with all that its signature and its policies may ask for. */
export interface IamRequest extends SignedRequest {
  readonly client: RequestClient
  readonly userAgent: string
  readonly referer: string
}

/**
 * Decides on a signed request: by its signature first, then by the policies of the user whose it is. `body` is null where
 * it is not read.
 */
export type JudgeSigned = (
  request: IamRequest,
  body: Uint8Array | null,
  access: CallerAccess,
) => { readonly key: UsableKey } | { readonly refusal: CallerRefusal }

/** Creates the judge. */
export function createIamJudge({ keys, region, accountId, now }: IamOptions): JudgeSigned {
  const verify = createSignatureVerifier({ keys, region, now })
  return (request, body, access) => {
    const verified = verify(request, body, access.service)
    if ('refusal' in verified) return verified
    const { principal, policies } = verified.key.user
    const { service, permission, resource } = access
    const action = `${service}:${permission}`
    const { client, userAgent, referer } = request
    const decision = evaluatePolicies(policies, {
      action,
      resource: arnOf(service, region, accountId, resource),
      principal,
      keys: requestKeys({
        sourceIp: client.sourceIp,
        userAgent,
        referer,
        secureTransport: client.proto === 'https',
        now: now(),
        region,
        principal,
      }),
    })
    if (decision === 'allowed') return verified
    const masked = arnOf(service, region, `********${accountId.slice(-4)}`, resource)
    const reason = decision === 'explicitDeny' ? ' with an explicit deny' : ''
    const detail = `: ${principal.arn} is not authorized to perform: ${action} on resource: ${masked}${reason}`
    return { refusal: { code: 'ACCESS_DENIED', detail } }
  }
}

/** Management is of no account in its ARNs ("How Amazon API Gateway works with IAM", apigateway). */
function arnOf(service: CallerAccess['service'], region: string, account: string, resource: string): string {
  return service === 'execute-api'
    ? executeApiArn(region, account, resource)
    : `arn:aws:apigateway:${region}::${resource}`
}
