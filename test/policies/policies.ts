import { type AccessRequest, type Decision, evaluatePolicies, type Principal } from '../../src/policies/policy.ts'
import { type PolicyRules, readPolicy } from '../../src/policies/read-policy.ts'
import { type RequestFacts, requestKeys } from '../../src/policies/request-keys.ts'

export const alice: Principal = {
  arn: 'arn:aws:iam::123456789012:user/alice',
  accountId: '123456789012',
  userName: 'alice',
  userId: 'AIDAALICE',
}

export const invokeArn = 'arn:aws:execute-api:eu-west-1:123456789012:chat/dev/$connect'

const facts: RequestFacts = {
  sourceIp: '203.0.113.9',
  userAgent: 'demo/1.0',
  referer: '',
  secureTransport: true,
  now: Date.UTC(2025, 9, 5, 8, 9, 10),
  region: 'eu-west-1',
  principal: alice,
}

/** A request of Alice for `$connect` of the stage dev. */
export function accessRequest(
  change: Partial<Omit<AccessRequest, 'keys'>> & {
    facts?: Partial<RequestFacts>
    keys?: Record<string, string | string[]>
  } = {},
): AccessRequest {
  const { facts: other, keys, ...given } = change
  const principal = given.principal === undefined ? alice : given.principal
  const usual = requestKeys({ ...facts, principal, ...other })
  return {
    action: 'execute-api:Invoke',
    resource: invokeArn,
    ...given,
    principal,
    keys: (name) => keys?.[name] ?? usual(name),
  }
}

export interface StatementParts {
  Effect?: 'Allow' | 'Deny'
  [element: string]: unknown
}

/** A document of one statement that allows all, but for what is said. */
export function documentOf(statement: StatementParts, version: string | null = '2012-10-17'): object {
  const { NotAction, NotResource } = statement
  return {
    ...(version !== null && { Version: version }),
    Statement: {
      Effect: 'Allow',
      ...(NotAction === undefined && { Action: '*' }),
      ...(NotResource === undefined && { Resource: '*' }),
      ...statement,
    },
  }
}

/** Decides by documents, which must be without a fault. */
export function decide(
  documents: readonly object[],
  request: AccessRequest = accessRequest(),
  rules: PolicyRules = { of: 'identity' },
): Decision {
  const policies = documents.map((document) => {
    const { policy, faults } = readPolicy(document, rules)
    if (policy === null) throw new Error(JSON.stringify(faults))
    return policy
  })
  return evaluatePolicies(policies, request)
}
