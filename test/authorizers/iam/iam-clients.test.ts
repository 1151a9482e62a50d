import { expect, test } from 'vitest'
import type { AuthorizerResult, HandshakeRequest } from '../../../src/authorizers/contract.ts'
import { createAccessKeys } from '../../../src/authorizers/iam/access-keys.ts'
import { createIamAuthorizerType } from '../../../src/authorizers/iam/iam-clients.ts'
import type { ConnectEvent } from '../../../src/events/connect-event.ts'
import { readPolicy } from '../../../src/policies/read-policy.ts'
import { alice, credentials, presigned, region, signedAt } from './signed.ts'

const definition = { authorizerType: 'AWS_IAM' } as const
const scope = { apiId: 'chat', stage: 'dev', stageVariables: {}, directory: '', functions: {} }

/** What Alice gets, whose policy has this statement, from this address. */
async function asked(statement: object, client = { sourceIp: '203.0.113.9', proto: 'https', prefix: '' }) {
  const { policy } = readPolicy({ Version: '2012-10-17', Statement: statement }, { of: 'identity' })
  if (policy === null) throw new Error('not a policy')
  const keys = createAccessKeys([{ ...credentials, user: { ...alice, policies: [policy] } }])
  const type = createIamAuthorizerType({ keys, region, accountId: '123456789012', now: () => signedAt })
  const compiled = type.compile(definition, scope)
  if (compiled.faults !== null) throw new Error('faults')
  const authorizer = compiled.open().forRoute({ routeKey: '$connect', authorizationScopes: [] })
  const { path, query, headers } = await presigned()
  const request: HandshakeRequest = {
    ...{ path: path.slice(client.prefix.length), query, client },
    header: (name) => headers.find(([each]) => each.toLowerCase() === name)?.[1] ?? '',
    headers: () => headers,
    clientCertificate: () => null,
    connectRequest: () => ({ headers, query: [] }),
  }
  return authorizer.authorize({} as ConnectEvent, request) as AuthorizerResult
}

const invoke = {
  Effect: 'Allow',
  Action: 'execute-api:Invoke',
  Resource: 'arn:aws:execute-api:eu-west-1:123456789012:chat/dev/$connect',
}

test('a client who signs is let in by a policy for the route, and told apart by its identity', async () => {
  expect(await asked(invoke)).toEqual({
    allowed: true,
    context: null,
    identity: {
      accountId: '123456789012',
      caller: 'AIDAALICE',
      user: 'AIDAALICE',
      userArn: 'arn:aws:iam::123456789012:user/alice',
      accessKey: 'AKIDEXAMPLE',
    },
    key: { isRevoked: false },
  })
})

test('its address, its transport and its name are what conditions ask for', async () => {
  const allowed = async (Condition: object, client?: Parameters<typeof asked>[1]) =>
    (await asked({ ...invoke, Condition }, client)).allowed
  expect(await allowed({ IpAddress: { 'aws:SourceIp': '203.0.113.0/24' } })).toBe(true)
  expect(await allowed({ IpAddress: { 'aws:SourceIp': '198.51.100.0/24' } })).toBe(false)
  expect(await allowed({ Bool: { 'aws:SecureTransport': true } })).toBe(true)
  const plain = { sourceIp: '203.0.113.9', proto: 'http', prefix: '' }
  expect(await allowed({ Bool: { 'aws:SecureTransport': true } }, plain)).toBe(false)
  expect(await allowed({ StringEquals: { 'aws:username': 'alice', 'aws:RequestedRegion': region } })).toBe(true)
  expect(await allowed({ DateGreaterThan: { 'aws:CurrentTime': '2026-01-01' } })).toBe(false)
})

test('the path that a trusted proxy took away is part of what was signed', async () => {
  expect((await asked(invoke, { sourceIp: '203.0.113.9', proto: 'https', prefix: '/chat' })).allowed).toBe(true)
})

test('a refusal says whom, what and where, and the account by its last digits only', async () => {
  expect(await asked({ ...invoke, Action: 'execute-api:ManageConnections' })).toEqual({
    allowed: false,
    code: 'ACCESS_DENIED',
    isShort: true,
    headers: [['x-amzn-ErrorType', 'AccessDeniedException']],
    detail:
      ': arn:aws:iam::123456789012:user/alice is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:eu-west-1:********9012:chat/dev/$connect',
  })
})

test('a route that asks for signatures where nobody can sign has a fault', () => {
  expect(createIamAuthorizerType(null).compile(definition, scope).faults).toEqual([
    { path: [], message: 'AWS_IAM, but nobody can sign; allowed: with credentials in postern.yaml' },
  ])
})
