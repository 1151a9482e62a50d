import { type AccessRequest, type Decision, evaluatePolicies, type Principal } from '../policies/policy.ts'
import { requestKeys } from '../policies/request-keys.ts'
import { executeApiArn } from '../vocabulary/arns.ts'
import { errorTable } from '../vocabulary/errors.ts'
import type { CallerAccess, CallerRefusal, Refused, RequestClient } from './contract.ts'

/** The terms that are the same for all policies: where resources are, and the clock of conditions. */
export interface PolicyTerms {
  readonly region: string
  /** The account, twelve digits, that is in the ARNs of all resources. */
  readonly accountId: string
  /** The wall clock, in milliseconds since 1970. */
  readonly now: () => number
}

/** The facts about a request that conditions of policies may ask for. */
export interface PolicyFacts {
  readonly client: RequestClient
  readonly userAgent: string
  readonly referer: string
}

/** Copies the facts of a request, within the synchronous part of its handler. */
export function policyFacts(request: { header(lowerCaseName: string): string }, client: RequestClient): PolicyFacts {
  return { client, userAgent: request.header('user-agent'), referer: request.header('referer') }
}

/** Makes of a request what policies decide on. */
export function accessRequest(
  terms: PolicyTerms,
  { client, userAgent, referer }: PolicyFacts,
  access: CallerAccess,
  principal: Principal | null,
): AccessRequest {
  const { region, accountId, now } = terms
  return {
    action: actionOf(access),
    resource: arnOf(access, region, accountId),
    principal,
    keys: requestKeys({
      ...{ sourceIp: client.sourceIp, userAgent, referer, secureTransport: client.proto === 'https' },
      ...{ now: now(), region, principal },
    }),
  }
}

/**
 * Makes the refusal of somebody whom policies do not let in, in AWS's words; the account in the ARN is masked, as
 * there. `principal` is null for nobody in particular.
 */
export function policyRefusal(
  decision: Exclude<Decision, 'allowed'>,
  { region, accountId }: PolicyTerms,
  access: CallerAccess,
  principal: Principal | null,
): CallerRefusal {
  const resource = arnOf(access, region, `********${accountId.slice(-4)}`)
  const reason = decision === 'explicitDeny' ? ' with an explicit deny' : ''
  const who = principal?.arn ?? 'anonymous'
  const detail = `: ${who} is not authorized to perform: ${actionOf(access)} on resource: ${resource}${reason}`
  return { code: 'ACCESS_DENIED', detail }
}

/** Judges whoever has no policies of his own by the policy of what is asked for: null when that allows it, or there is none. */
export type JudgeByPolicy = (facts: PolicyFacts, access: CallerAccess) => CallerRefusal | null

/** Creates the judge. Without an explicit allowance nobody is let in, as on AWS where there is no other authorization. */
export function createPolicyJudge(terms: PolicyTerms): JudgeByPolicy {
  return (facts, access) => {
    const policy = access.policy ?? null
    if (policy === null) return null
    const decision = evaluatePolicies([policy], accessRequest(terms, facts, access, null))
    return decision === 'allowed' ? null : policyRefusal(decision, terms, access, null)
  }
}

/** Makes the refusal of a client out of that of a caller: the answer of a request without a connection id, as AWS has it. */
export function refusedClient({ code, detail }: CallerRefusal): Refused {
  const headers = [['x-amzn-ErrorType', errorTable[code].errorType]] as const
  return { allowed: false, code, isShort: true, headers, ...(detail !== undefined && { detail }) }
}

function actionOf({ service, permission }: CallerAccess): string {
  return `${service}:${permission}`
}

/** Management is of no account in its ARNs ("How Amazon API Gateway works with IAM", apigateway). */
function arnOf({ service, resource }: CallerAccess, region: string, account: string): string {
  return service === 'execute-api'
    ? executeApiArn(region, account, resource)
    : `arn:aws:apigateway:${region}::${resource}`
}
