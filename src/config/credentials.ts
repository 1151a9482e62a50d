import { readFile } from 'node:fs/promises'
import type { FaultPath, Finding } from 'postern-documents/faults'
import { oneOf, refusedMembers, text } from 'postern-documents/schema-parts'
import { readProblem } from 'postern-documents/yaml-source'
import { z } from 'zod'
import type { Policy } from '../policies/policy.ts'
import { type PolicyRead, readPolicy } from '../policies/read-policy.ts'

/** Access keys that one user may have: the one in use, and the next or the last one ("IAM and AWS STS quotas"). */
const maxAccessKeys = 2
/** Policies that one user may have ("IAM and AWS STS quotas"). */
const maxPolicies = 10

const variableName = () =>
  text('the name of an environment variable', { max: 256, pattern: /^[A-Za-z_]\w*$/ }).optional()
const filePath = () => text('the path of a file', { max: 4_096 }).optional()

const accessKey = z.strictObject({
  accessKeyId: text('16 to 128 letters, digits and _', { min: 16, max: 128, pattern: /^\w+$/ }).describe(
    'The id, which is no secret: AKIA and 16 letters and digits at AWS.',
  ),
  status: oneOf(['Active', 'Inactive'])
    .default('Active')
    .describe('Active, or Inactive: its signatures are then not valid, and its secret is not read.'),
  secretAccessKeyVariable: variableName().describe('The environment variable that holds the secret access key.'),
  secretAccessKeyFile: filePath().describe('The file that holds the secret access key, instead.'),
  sessionTokenVariable: variableName().describe(
    'The environment variable that holds the session token, which a temporary access key comes with.',
  ),
  sessionTokenFile: filePath().describe('The file that holds the session token, instead.'),
})
refusedMembers.add(accessKey, {
  secretAccessKey:
    'secrets come from an environment variable (secretAccessKeyVariable) or a file (secretAccessKeyFile)',
  sessionToken: 'secrets come from an environment variable (sessionTokenVariable) or a file (sessionTokenFile)',
})

const principal = z.strictObject({
  userName: text('letters, digits and _+=,.@-, at most 64', { max: 64, pattern: /^[\w+=,.@-]+$/ }).describe(
    'The name: the last part of arn:aws:iam::{accountId}:user/{userName}.',
  ),
  accessKeys: z
    .array(accessKey, { error: 'a list of access keys' })
    .max(maxAccessKeys, { error: `at most ${maxAccessKeys} access keys` })
    .default([])
    .describe(`At most ${maxAccessKeys}, so that a new one can be handed out before the old one is taken away.`),
  policies: z
    .array(z.looseObject({}, { error: 'an IAM policy document' }), { error: 'a list of IAM policy documents' })
    .max(maxPolicies, { error: `at most ${maxPolicies} policies` })
    .default([])
    .describe('IAM policy documents: what the user may do. Nothing without one.'),
})

/** `credentials` of postern.yaml: who may sign requests, and what each of them may do. */
export const credentialsSchema = z.strictObject({
  accountId: text('twelve digits in quotes', { max: 12, pattern: /^\d{12}$/ })
    .default('000000000000')
    .describe('The account in the ARNs of users and APIs: twelve digits, in quotes.'),
  region: text('a region, such as eu-west-1', { max: 64, pattern: /^[a-z0-9-]+$/ })
    .optional()
    .describe('The region in the ARNs of APIs, which signatures have to be for. lambda.region when unset.'),
  principals: z
    .array(principal, { error: 'a list of users' })
    .max(1_000, { error: 'at most 1000 users' })
    .default([])
    .describe('The users.'),
})

export type GivenCredentials = z.output<typeof credentialsSchema>

/** The users who may sign requests, with their secrets. */
export interface Credentials {
  readonly accountId: string
  readonly region: string
  readonly users: readonly {
    readonly userName: string
    /** The active keys. */
    readonly accessKeys: readonly ({ readonly accessKeyId: string } & AccessKeySecret)[]
    readonly policies: readonly Policy[]
  }[]
}

/** The secrets of one access key. */
export interface AccessKeySecret {
  readonly secretAccessKey: string
  /** Absent where the key is not a temporary one. */
  readonly sessionToken?: string
}

/** The secrets of active access keys by their ids, and the faults of those that could not be read. */
export interface AccessKeySecrets {
  readonly byId: ReadonlyMap<string, AccessKeySecret>
  readonly findings: readonly Finding[]
}

/** Reads the secrets from where the access keys say. Never rejects; the findings hold no secret. */
export async function readAccessKeySecrets(
  given: GivenCredentials | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Promise<AccessKeySecrets> {
  const byId = new Map<string, AccessKeySecret>()
  const findings: Finding[] = []

  /** Reads one secret of a key; null where there is none, or a fault. */
  async function read(key: GivenAccessKey, path: FaultPath, secret: SecretMembers): Promise<string | null> {
    const name = key[secret.variable] === undefined ? secret.file : secret.variable
    const from = key[name]
    if (from === undefined) return null
    const found = name === secret.file ? await readSecretFile(from) : { secret: env[from] ?? '' }
    if ('secret' in found && secret.form.test(found.secret)) return found.secret
    findings.push(
      'problem' in found
        ? { path: [...path, name], problem: found.problem }
        : { path: [...path, name], found: found.secret === '' ? 'nothing' : 'something else', allowed: secret.allowed },
    )
    return null
  }

  for (const { key, path } of accessKeysOf(given)) {
    if (key.status === 'Inactive') continue
    const wrong = [secretAccessKey, sessionToken].filter(
      ({ variable, file, isOptional }) =>
        (key[variable] === undefined) === (key[file] === undefined) && !(isOptional && key[file] === undefined),
    )
    for (const { variable, file } of wrong) findings.push({ path, problem: `one of ${variable} and ${file} is needed` })
    if (wrong.length > 0) continue
    const secret = await read(key, path, secretAccessKey)
    const token = await read(key, path, sessionToken)
    if (secret !== null) {
      byId.set(key.accessKeyId, { secretAccessKey: secret, ...(token !== null && { sessionToken: token }) })
    }
  }
  return { byId, findings }
}

/** The members of an access key that say where one secret comes from. */
interface SecretMembers {
  readonly variable: 'secretAccessKeyVariable' | 'sessionTokenVariable'
  readonly file: 'secretAccessKeyFile' | 'sessionTokenFile'
  readonly isOptional: boolean
  readonly form: RegExp
  readonly allowed: string
}

const secretAccessKey: SecretMembers = {
  variable: 'secretAccessKeyVariable',
  file: 'secretAccessKeyFile',
  isOptional: false,
  form: /^[!-~]{16,128}$/,
  allowed: 'a secret of 16 to 128 characters without spaces',
}

const sessionToken: SecretMembers = {
  variable: 'sessionTokenVariable',
  file: 'sessionTokenFile',
  isOptional: true,
  form: /^[!-~]{1,4096}$/,
  allowed: 'a token of at most 4096 characters without spaces',
}

/** The environment variables that hold secrets of access keys. */
export function accessKeyVariables(given: GivenCredentials | undefined): string[] {
  return accessKeysOf(given).flatMap(({ key }) =>
    [key.secretAccessKeyVariable, key.sessionTokenVariable].filter((name) => name !== undefined),
  )
}

/** Checks that names stand once, and that policies are policies. */
export function checkCredentials(given: GivenCredentials | undefined): Finding[] {
  const findings: Finding[] = []
  const seen = new Set<string>()
  const once = (path: Finding['path'], name: string, value: string) => {
    if (seen.has(`${name} ${value}`)) findings.push({ path, problem: `${value} stands in credentials twice` })
    seen.add(`${name} ${value}`)
  }
  for (const [index, { userName }] of (given?.principals ?? []).entries())
    once(['credentials', 'principals', index, 'userName'], 'userName', userName)
  for (const { key, path } of accessKeysOf(given)) once([...path, 'accessKeyId'], 'accessKeyId', key.accessKeyId)
  for (const { read, path } of policiesOf(given))
    for (const fault of read.faults ?? []) findings.push({ path: [...path, ...fault.path], problem: fault.message })
  return findings
}

/** The credentials in force. A policy with a fault is left out here, since `checkCredentials` refuses it. */
export function completeCredentials(
  given: GivenCredentials | undefined,
  secrets: AccessKeySecrets,
  region: string,
): Credentials | null {
  if (given === undefined) return null
  const users = given.principals.map(({ userName, accessKeys, policies }) => ({
    userName,
    accessKeys: accessKeys.flatMap(({ accessKeyId }) => {
      const secret = secrets.byId.get(accessKeyId)
      return secret === undefined ? [] : [{ accessKeyId, ...secret }]
    }),
    policies: policies.flatMap((document) => readPolicy(document, { of: 'identity' }).policy ?? []),
  }))
  return { accountId: given.accountId, region: given.region ?? region, users }
}

type GivenAccessKey = GivenCredentials['principals'][number]['accessKeys'][number]

function accessKeysOf(given: GivenCredentials | undefined): { key: GivenAccessKey; path: (string | number)[] }[] {
  return (given?.principals ?? []).flatMap(({ accessKeys }, index) =>
    accessKeys.map((key, at) => ({ key, path: ['credentials', 'principals', index, 'accessKeys', at] })),
  )
}

function policiesOf(given: GivenCredentials | undefined): { read: PolicyRead; path: (string | number)[] }[] {
  return (given?.principals ?? []).flatMap(({ policies }, index) =>
    policies.map((document, at) => ({
      read: readPolicy(document, { of: 'identity' }),
      path: ['credentials', 'principals', index, 'policies', at],
    })),
  )
}

/** Reads a file that holds one secret; the problem names the file. Never rejects. */
export async function readSecretFile(file: string): Promise<{ secret: string } | { problem: string }> {
  try {
    return { secret: (await readFile(file, 'utf8')).trim() }
  } catch (error) {
    return { problem: `${file}: ${readProblem(error)}` }
  }
}
