import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatFault } from 'postern-documents/faults'
import { afterAll, describe, expect, it } from 'vitest'
import { explainSettings } from '../../src/config/explain-settings.ts'
import { readSettings } from '../../src/config/read-settings.ts'

const root = mkdtempSync(join(tmpdir(), 'postern-credentials-'))
afterAll(() => rmSync(root, { recursive: true }))
const file = join(root, 'postern.yaml')

const secret = 'canary-0123456789abcdef'
const allowAll = '{ Version: "2012-10-17", Statement: { Effect: Allow, Action: "*", Resource: "*" } }'

/** Credentials of Alice in postern.yaml. */
const aliceWith = (keys: string, policies = `[${allowAll}]`, more = '') => `
credentials:
  accountId: "123456789012"
${more}  principals:
    - userName: alice
      accessKeys: [${keys}]
      policies: ${policies}
`
const variableKey = '{ accessKeyId: AKIDEXAMPLEFIRST, secretAccessKeyVariable: ALICE_SECRET }'

async function read(yaml: string, env: Record<string, string> = { ALICE_SECRET: secret }) {
  writeFileSync(file, yaml)
  const { settings, faults } = await readSettings({ flags: {}, env, file })
  return { settings, faults: faults.map((fault) => formatFault(fault).replace(file, 'postern.yaml')) }
}

describe('credentials', () => {
  it('have users with two keys at once, whose secrets come from a variable or a file', async () => {
    writeFileSync(join(root, 'alice.key'), `${secret}-second\n`)
    const keys = `${variableKey}, { accessKeyId: AKIDEXAMPLESECOND, secretAccessKeyFile: alice.key }`
    const { settings, faults } = await read(aliceWith(keys))
    expect(faults).toEqual([])
    expect(settings?.credentials).toEqual({
      accountId: '123456789012',
      region: 'us-east-1',
      users: [
        {
          userName: 'alice',
          accessKeys: [
            { accessKeyId: 'AKIDEXAMPLEFIRST', secretAccessKey: secret },
            { accessKeyId: 'AKIDEXAMPLESECOND', secretAccessKey: `${secret}-second` },
          ],
          policies: [expect.anything()],
        },
      ],
    })
  })

  it('have temporary keys, whose session tokens come from a variable or a file too', async () => {
    writeFileSync(join(root, 'alice.token'), 'a/b+c=\n')
    const first = variableKey.replace(' }', ', sessionTokenFile: alice.token }')
    const second = variableKey.replace('FIRST', 'SECOND').replace(' }', ', sessionTokenVariable: ALICE_TOKEN }')
    const { settings, faults } = await read(aliceWith(`${first}, ${second}`), {
      ALICE_SECRET: secret,
      ALICE_TOKEN: 'another',
    })
    expect(faults).toEqual([])
    expect(settings?.credentials?.users[0]?.accessKeys).toEqual([
      { accessKeyId: 'AKIDEXAMPLEFIRST', secretAccessKey: secret, sessionToken: 'a/b+c=' },
      { accessKeyId: 'AKIDEXAMPLESECOND', secretAccessKey: secret, sessionToken: 'another' },
    ])
  })

  it.each([
    ['sessionToken: canary-in-file', 'secrets come from an environment variable (sessionTokenVariable)'],
    ['sessionTokenVariable: A, sessionTokenFile: b', 'one of sessionTokenVariable and sessionTokenFile is needed'],
    ['sessionTokenVariable: NOWHERE', 'sessionTokenVariable: found nothing'],
    ['sessionTokenFile: nowhere', 'no such file or folder'],
  ])('with %s are a fault', async (member, expected) => {
    const { settings, faults } = await read(aliceWith(variableKey.replace(' }', `, ${member} }`)))
    expect(settings).toBeNull()
    expect(faults.join('\n')).toContain(expected)
    expect(faults.join('\n')).not.toContain('canary')
  })

  it('are for the region that they say, else for that of Lambda calls, else for that of the environment', async () => {
    const env = { ALICE_SECRET: secret, AWS_REGION: 'eu-north-1' }
    const region = async (yaml: string) => (await read(yaml, env)).settings?.credentials?.region
    expect(await region(aliceWith(variableKey))).toBe('eu-north-1')
    expect(await region(`${aliceWith(variableKey)}\nlambda: { region: eu-west-2 }`)).toBe('eu-west-2')
    expect(await region(aliceWith(variableKey, '[]', '  region: eu-west-1\n'))).toBe('eu-west-1')
  })

  it('have callers of @connections sign, unless tokens or the operator say otherwise', async () => {
    const authorization = async (yaml: string, env: Record<string, string> = {}) =>
      (await read(yaml, { ALICE_SECRET: secret, ...env })).settings
    const usual = await authorization(aliceWith(variableKey))
    expect(usual).toMatchObject({ connectionsAuthorization: 'AWS_IAM', managementAuthorization: 'NONE' })
    expect(
      (await authorization(aliceWith(variableKey), { POSTERN_CONNECTIONS_TOKENS: 'x' }))?.connectionsAuthorization,
    ).toBe('TOKEN')
    expect(
      (await authorization(`${aliceWith(variableKey)}\nconnectionsAuthorization: NONE`))?.connectionsAuthorization,
    ).toBe('NONE')
    const others = `${aliceWith(variableKey)}\nhost: 0.0.0.0\nmanagementHost: 0.0.0.0\nmanagementAuthorization: AWS_IAM`
    expect(await authorization(others)).toMatchObject({ managementAuthorization: 'AWS_IAM' })
  })

  it('are missed where callers are to sign and nobody can', async () => {
    expect((await read('managementAuthorization: AWS_IAM')).faults).toEqual([
      'postern.yaml:1:26: managementAuthorization: AWS_IAM, but nobody can sign; allowed: with credentials in postern.yaml',
    ])
  })

  it('may have a key that is not active, whose secret is not asked for', async () => {
    const key = '{ accessKeyId: AKIDEXAMPLEFIRST, status: Inactive, secretAccessKeyVariable: NOWHERE }'
    const { settings, faults } = await read(aliceWith(key))
    expect(faults).toEqual([])
    expect(settings?.credentials?.users[0]?.accessKeys).toEqual([])
  })

  it.each<[string, string, string]>([
    [
      'a secret in the file',
      '{ accessKeyId: AKIDEXAMPLEFIRST, secretAccessKey: canary-in-file }',
      'secrets come from an environment variable',
    ],
    [
      'no secret',
      '{ accessKeyId: AKIDEXAMPLEFIRST }',
      'one of secretAccessKeyVariable and secretAccessKeyFile is needed',
    ],
    [
      'two places',
      '{ accessKeyId: AKIDEXAMPLEFIRST, secretAccessKeyVariable: A, secretAccessKeyFile: b }',
      'one of secretAccessKeyVariable and secretAccessKeyFile is needed',
    ],
    [
      'an empty variable',
      '{ accessKeyId: AKIDEXAMPLEFIRST, secretAccessKeyVariable: NOWHERE }',
      'secretAccessKeyVariable: found nothing',
    ],
    [
      'a short secret',
      '{ accessKeyId: AKIDEXAMPLEFIRST, secretAccessKeyVariable: SHORT }',
      'secretAccessKeyVariable: found something else',
    ],
    ['no such file', '{ accessKeyId: AKIDEXAMPLEFIRST, secretAccessKeyFile: nowhere }', 'no such file or folder'],
    ['a short id', '{ accessKeyId: AKID, secretAccessKeyVariable: ALICE_SECRET }', '16 to 128 letters'],
    ['an id twice', `${variableKey}, ${variableKey}`, 'AKIDEXAMPLEFIRST stands in credentials twice'],
    ['three keys', `${variableKey}, ${variableKey}, ${variableKey}`, 'at most 2 access keys'],
  ])('with %s are a fault that has its place and no secret', async (_, keys, expected) => {
    const { settings, faults } = await read(aliceWith(keys), { ALICE_SECRET: secret, SHORT: 'canary' })
    expect(settings).toBeNull()
    expect(faults.join('\n')).toContain(expected)
    expect(faults.join('\n')).toMatch(/postern\.yaml:\d+:\d+: credentials\.principals/)
    expect(faults.join('\n')).not.toContain('canary')
  })

  it('have the faults of a policy in their place', async () => {
    const policies = '[{ Version: "2012-10-17", Statement: [{ Effect: Permit, Action: "*", Resource: "*" }] }]'
    expect((await read(aliceWith(variableKey, policies))).faults).toEqual([
      'postern.yaml:7:65: credentials.principals[0].policies[0].Statement[0].Effect: allowed: Allow or Deny',
    ])
  })

  it('have no user twice, and an account of twelve digits', async () => {
    const yaml = 'credentials: { accountId: "1234", principals: [{ userName: alice }, { userName: alice }] }'
    const { faults } = await read(yaml)
    expect(faults.join('\n')).toContain('twelve digits in quotes')
    expect((await read(yaml.replace('1234', '123456789012'))).faults.join('\n')).toContain(
      'alice stands in credentials twice',
    )
  })

  it('may name a variable that begins like the others, and are explained without the secret', async () => {
    const key = '{ accessKeyId: AKIDEXAMPLEFIRST, secretAccessKeyVariable: POSTERN_ALICE_SECRET }'
    writeFileSync(file, aliceWith(key))
    const { settings, faults } = await explainSettings({ flags: {}, env: { POSTERN_ALICE_SECRET: secret }, file })
    expect(faults).toEqual([])
    expect(settings.find(({ name }) => name === 'POSTERN_ALICE_SECRET')).toMatchObject({ isSecret: true, value: null })
    expect(settings.find(({ name }) => name === 'credentials')).toMatchObject({ origin: 'file', isSecret: false })
    expect(JSON.stringify(settings)).not.toContain('canary')
  })
})
