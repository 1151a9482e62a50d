import { describe, expect, test } from 'vitest'
import type { AuthorizerResult, AuthorizerType, HandshakeRequest } from '../../src/authorizers/contract.ts'
import { createAccessKeys } from '../../src/authorizers/iam/access-keys.ts'
import { createIamAuthorizerType } from '../../src/authorizers/iam/iam-clients.ts'
import { createLambdaAuthorizerType } from '../../src/authorizers/lambda/lambda-authorizer.ts'
import { createPolicyJudge } from '../../src/authorizers/policy-access.ts'
import { createPolicyAuthorizerType, obeyingPolicy } from '../../src/authorizers/policy-clients.ts'
import type { BackendPools } from '../../src/backends/pools.ts'
import { ConnectEvent } from '../../src/events/connect-event.ts'
import { readPolicy } from '../../src/policies/read-policy.ts'
import { allocateConnectionId } from '../../src/vocabulary/ids.ts'
import { alice, credentials, presigned, region, signedAt } from './iam/signed.ts'

const terms = { region, accountId: '123456789012', now: () => signedAt }
const judge = createPolicyJudge(terms)
const resource = 'arn:aws:execute-api:eu-west-1:123456789012:chat/dev/$connect'

/** What a side of the table says: its one statement. */
type Side = 'allow' | 'silent' | 'deny'

const statement = (side: Side) =>
  side === 'silent'
    ? { Effect: 'Allow', Action: 'execute-api:Invoke', Resource: 'arn:aws:execute-api:*:*:other/*' }
    : { Effect: side === 'allow' ? 'Allow' : 'Deny', Action: 'execute-api:Invoke', Resource: resource }

function policyOf(side: Side) {
  const document = { Version: '2012-10-17', Statement: [{ ...statement(side), Principal: '*' }] }
  return readPolicy(document, { of: 'resource' }).policy
}

/** The outcome for a client: `allowed`, or the code that refuses it, with what explains an answer in its own words. */
async function outcome(type: AuthorizerType, side: Side | null): Promise<string> {
  const policy = side === null ? null : policyOf(side)
  const scope = { apiId: 'chat', stage: 'dev', stageVariables: {}, directory: '', functions: {}, policy }
  const definition = { authorizerType: 'REQUEST', authorizerUri: 'function:f', identitySource: [] } as const
  const compiled = type.compile({ ...definition, timeoutInMillis: 100 }, scope)
  if (compiled.faults !== null) throw new Error('faults')
  const authorizer = compiled.open().forRoute({ routeKey: '$connect', authorizationScopes: [] })
  const { path, query, headers } = await presigned()
  const request: HandshakeRequest = {
    ...{ path, query, client: { sourceIp: '203.0.113.9', proto: 'https', prefix: '' } },
    header: (name) => headers.find(([each]) => each.toLowerCase() === name)?.[1] ?? '',
    headers: () => headers,
    clientCertificate: () => null,
    connectRequest: () => ({ headers, query: [] }),
  }
  const result = await authorizer.authorize(event(), request)
  return result.allowed ? 'allowed' : result.code + (result.detail ?? '')
}

function event(): ConnectEvent {
  const record = {
    ...{ connectionId: allocateConnectionId(0), apiId: 'chat', stage: 'dev', connectedAt: signedAt },
    ...{ sourceIp: '203.0.113.9', userAgent: null, domainName: 'localhost', authorizer: null, identity: null },
  }
  return new ConnectEvent(record, signedAt, null)
}

const denied = (who: string, explicitly: boolean) =>
  `ACCESS_DENIED: ${who} is not authorized to perform: execute-api:Invoke on resource: ` +
  `arn:aws:execute-api:eu-west-1:********9012:chat/dev/$connect${explicitly ? ' with an explicit deny' : ''}`

test('who shows nothing needs the policy of the API to allow it', async () => {
  const type = createPolicyAuthorizerType(judge)
  expect(await outcome(type, 'allow')).toBe('allowed')
  expect(await outcome(type, 'silent')).toBe(denied('anonymous', false))
  expect(await outcome(type, 'deny')).toBe(denied('anonymous', true))
})

test.each<[Side, Side | null, 'allowed' | boolean]>([
  ['allow', null, 'allowed'],
  ['silent', null, false],
  ['allow', 'allow', 'allowed'],
  ['allow', 'silent', 'allowed'],
  ['silent', 'allow', 'allowed'],
  ['silent', 'silent', false],
  ['deny', 'allow', true],
  ['allow', 'deny', true],
  ['silent', 'deny', true],
])('who signs, with a policy that is %s, and that of the API %s: %s', async (mine, ofApi, expected) => {
  const { policy } = readPolicy({ Version: '2012-10-17', Statement: statement(mine) }, { of: 'identity' })
  if (policy === null) throw new Error('not a policy')
  const keys = createAccessKeys([{ ...credentials, user: { ...alice, policies: [policy] } }])
  const said = await outcome(createIamAuthorizerType({ ...terms, keys }), ofApi)
  expect(said).toBe(expected === 'allowed' ? expected : denied(alice.principal.arn, expected))
})

describe('with a function that decides', () => {
  let asked = 0
  const deciding = (side: Side) =>
    createLambdaAuthorizerType({
      ...terms,
      pools: {} as BackendPools,
      functions: {
        find: () => ({
          open: () => ({
            async invoke() {
              asked++
              const policyDocument = { Version: '2012-10-17', Statement: [statement(side)] }
              const payload = JSON.stringify({ principalId: 'ada', policyDocument })
              return { payload, functionError: false, requestId: null }
            },
            close() {},
          }),
        }),
      },
    })

  test.each<[Side, Side, string]>([
    ['allow', 'allow', 'allowed'],
    ['allow', 'silent', 'allowed'],
    ['silent', 'allow', 'allowed'],
    ['silent', 'silent', 'NOT_ALLOWED'],
    ['deny', 'allow', 'EXPLICITLY_DENIED'],
  ])('its policy is %s, and that of the API %s: %s', async (mine, ofApi, expected) => {
    expect(await outcome(deciding(mine), ofApi)).toBe(expected)
  })

  test('it is not asked about whom the policy of the API denies', async () => {
    asked = 0
    expect(await outcome(deciding('allow'), 'deny')).toBe(denied('anonymous', true))
    expect(asked).toBe(0)
  })
})

test('who proves only who he is needs the policy of the API to allow it, and is judged by his token first', async () => {
  const answering = (result: AuthorizerResult): AuthorizerType => ({
    type: 'JWT',
    compile: () => ({
      faults: null,
      open: () => ({ forRoute: () => ({ authorize: async () => result }), close() {} }),
    }),
  })
  const valid = obeyingPolicy(answering({ allowed: true, context: null }), judge)
  expect(await outcome(valid, null)).toBe('allowed')
  expect(await outcome(valid, 'allow')).toBe('allowed')
  expect(await outcome(valid, 'silent')).toBe(denied('anonymous', false))
  expect(await outcome(valid, 'deny')).toBe(denied('anonymous', true))
  const wrong = obeyingPolicy(answering({ allowed: false, code: 'UNAUTHORIZED' }), judge)
  expect(await outcome(wrong, 'allow')).toBe('UNAUTHORIZED')
  expect(await outcome(wrong, 'deny')).toBe('UNAUTHORIZED')
})
