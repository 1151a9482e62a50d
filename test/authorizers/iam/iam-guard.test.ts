import { describe, expect, test } from 'vitest'
import { createAccessKeys } from '../../../src/authorizers/iam/access-keys.ts'
import { createIamGuardType } from '../../../src/authorizers/iam/iam-guard.ts'
import { readPolicy } from '../../../src/policies/read-policy.ts'
import { called, guardedStage, openGuard, type RequestWishes } from '../called-request.ts'
import { alice, credentials, type PlainRequest, postRequest, presigned, region, signed, signedAt } from './signed.ts'

const definition = { authorizerType: 'AWS_IAM' } as const
const arn = (method: string) => `arn:aws:execute-api:eu-west-1:123456789012:pets/dev/${method}`
const onAll = { Effect: 'Allow', Action: 'execute-api:Invoke', Resource: arn('*') }

function guardWith(...statements: object[]) {
  const { policy } = readPolicy({ Version: '2012-10-17', Statement: statements }, { of: 'identity' })
  if (policy === null) throw new Error('not a policy')
  const keys = createAccessKeys([{ ...credentials, user: { ...alice, policies: [policy] } }])
  const type = createIamGuardType({ keys, region, accountId: '123456789012', now: () => signedAt })
  return openGuard(type, definition).forRoute({ routeKey: 'ANY /pets/{id}', authorizationScopes: [] })
}

/** A request for `path` below the stage as AWS's SDK signs it. */
async function signedCall(plain: Partial<PlainRequest>, change: Parameters<typeof signed>[1] = {}) {
  const { method = 'GET', path = '/pets/7', query = '', body = '' } = plain
  const { headers } = await signed({ ...postRequest, method, path: `/dev${path}`, query, body }, change)
  return { method, path, query, headers, body: body === '' ? null : Buffer.from(body) } satisfies RequestWishes
}

describe('a request that is signed', () => {
  test('is of the user whose key it is', async () => {
    expect(guardWith(onAll).authorize(...called(await signedCall({})))).toEqual({
      allowed: true,
      caller: {
        ...{ kind: 'iam', context: null, nestedContext: null, scopes: null },
        identity: {
          ...{ accountId: '123456789012', caller: 'AIDAALICE', user: 'AIDAALICE', accessKey: 'AKIDEXAMPLE' },
          userArn: 'arn:aws:iam::123456789012:user/alice',
        },
      },
    })
  })

  test.each<[string, RequestWishes]>([
    ['method', { method: 'PATCH' }],
    ['path', { path: '/pets/8' }],
    ['query', { query: 'a=2' }],
    ['body', { body: Buffer.from('{"name":"Max"}') }],
    ['body, which is missing,', { body: null }],
    ['host', { headers: [['Host', 'other.example']] }],
  ])('is refused where another %s came', async (_, change) => {
    const guard = guardWith(onAll)
    const sent = await signedCall({ method: 'POST', query: 'a=1', body: '{"name":"Rex"}' })
    expect(guard.readsBody).toBe(true)
    expect(guard.authorize(...called(sent))).toMatchObject({ allowed: true })
    const headers = [...sent.headers.filter(([name]) => !change.headers || name !== 'host'), ...(change.headers ?? [])]
    expect(guard.authorize(...called({ ...sent, ...change, headers }))).toMatchObject({
      ...{ allowed: false, code: 'INVALID_SIGNATURE' },
      cause: expect.stringContaining('does not match the signature you provided'),
    })
  })

  test('may be a presigned URL', async () => {
    const { query, headers } = await presigned()
    const [event, request] = called({ path: '/chat/dev', query, headers, stage: '$default' })
    const statement = { ...onAll, Resource: 'arn:aws:execute-api:eu-west-1:123456789012:pets/dev/GET/chat/dev' }
    expect(guardWith(statement).authorize(event, request)).toMatchObject({ allowed: true })
  })

  test('is signed with the path that a trusted proxy took away', async () => {
    const { headers } = await signed({ ...postRequest, method: 'GET', path: '/gateway/dev/pets/7', body: '' })
    expect(guardWith(onAll).authorize(...called({ prefix: '/gateway', headers }))).toMatchObject({ allowed: true })
    expect(guardWith(onAll).authorize(...called({ headers }))).toMatchObject({ allowed: false })
  })
})

describe('a policy', () => {
  test('names the method and the path below the stage', async () => {
    const guard = guardWith({ ...onAll, Resource: arn('GET/pets/*') })
    expect(guard.authorize(...called(await signedCall({})))).toMatchObject({ allowed: true })
    for (const other of [{ method: 'DELETE' }, { path: '/toys/7' }])
      expect(guard.authorize(...called(await signedCall(other)))).toMatchObject({ code: 'ACCESS_DENIED' })
  })

  test('is not got past by percent-encoding', async () => {
    const guard = guardWith(onAll, { ...onAll, Effect: 'Deny', Resource: arn('GET/admin') })
    for (const path of ['/admin', '/%61dmin', '/%61%64%6d%69%6E'])
      expect(guard.authorize(...called(await signedCall({ path })))).toMatchObject({ code: 'ACCESS_DENIED' })
    expect(guard.authorize(...called(await signedCall({ path: '/administer' })))).toMatchObject({ allowed: true })
  })

  test('that allows nothing is told to the log, and not to the caller', async () => {
    const verdict = guardWith({ ...onAll, Action: 'execute-api:ManageConnections' }).authorize(
      ...called(await signedCall({})),
    )
    expect(verdict).toEqual({
      ...{ allowed: false, code: 'ACCESS_DENIED' },
      cause: `User: arn:aws:iam::123456789012:user/alice is not authorized to perform: execute-api:Invoke on resource: ${arn('GET/pets/7').replace('12345678', '********')}`,
    })
  })
})

test.each<[string, Parameters<typeof signed>[1] | null, string]>([
  ['not signed', null, 'MISSING_AUTHENTICATION_TOKEN'],
  ['signed with another secret', { secretAccessKey: 'other' }, 'INVALID_SIGNATURE'],
  ['signed for another service', { service: 'sqs' }, 'INVALID_SIGNATURE'],
  ['signed for another region', { region: 'us-east-1' }, 'INVALID_SIGNATURE'],
  ['signed with a session token', { sessionToken: 'x' }, 'UNRECOGNIZED_CLIENT'],
  ['signed an hour ago', { at: signedAt - 3_600_000 }, 'SIGNATURE_EXPIRED'],
])('a request that is %s is refused with 403', async (_, change, code) => {
  const call = change === null ? {} : await signedCall({}, change)
  expect(guardWith(onAll).authorize(...called(call))).toMatchObject({ allowed: false, code })
})

test('a route that asks for signatures where nobody can sign has a fault', () => {
  expect(createIamGuardType(null).compile(definition, guardedStage).faults).toEqual([
    { path: [], message: expect.stringContaining('with credentials in postern.yaml') },
  ])
})
