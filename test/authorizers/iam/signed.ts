import { SignatureV4 } from '@smithy/signature-v4'
import { type AccessKey, createAccessKeys, type IamUser } from '../../../src/authorizers/iam/access-keys.ts'
import type { SignedRequest } from '../../../src/authorizers/iam/signed-request.ts'
import { createSignatureVerifier } from '../../../src/authorizers/iam/verify-signature.ts'
import type { HeaderList } from '../../../src/vocabulary/headers.ts'
import { Sha256 } from '../../helpers/sha256.ts'

export const region = 'eu-west-1'
/** 2025-10-05T08:09:10Z, when all signatures are made and verified that do not say otherwise. */
export const signedAt = Date.UTC(2025, 9, 5, 8, 9, 10)

export const credentials = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
}

export const alice: IamUser = {
  principal: {
    arn: 'arn:aws:iam::123456789012:user/alice',
    accountId: '123456789012',
    userName: 'alice',
    userId: 'AIDAALICE',
  },
  policies: [],
}

export const aliceKey: AccessKey = { ...credentials, user: alice }

export interface PlainRequest {
  readonly method: string
  readonly path: string
  readonly query: string
  readonly headers: HeaderList
  readonly body: string | Uint8Array
}

export const postRequest: PlainRequest = {
  method: 'POST',
  path: '/chat/dev/%40connections/L0SM9cOFvHcCIhw%3D',
  query: '',
  headers: [['Host', 'gateway.example:8080']],
  body: 'hello',
}

/** What came of a request: `valid`, or the code of its refusal. */
export function verdictOf(
  request: SignedRequest,
  body: string | Uint8Array | null,
  { now = signedAt, keys = [aliceKey] }: { now?: number; keys?: readonly AccessKey[] } = {},
): string {
  const verify = createSignatureVerifier({ keys: createAccessKeys(keys), region, now: () => now })
  const verified = verify(request, typeof body === 'string' ? Buffer.from(body) : body, 'execute-api')
  return 'key' in verified ? 'valid' : verified.refusal.code
}

// --- AWS's own signer ---

export function smithySigner(
  change: { service?: string; region?: string; secretAccessKey?: string; sessionToken?: string } = {},
) {
  const { service = 'execute-api', region: signedRegion = region, ...other } = change
  return new SignatureV4({ credentials: { ...credentials, ...other }, region: signedRegion, service, sha256: Sha256 })
}

/** The request in the words of AWS's signer, which is told the query by its names. */
export function smithyRequest({ method, path, query, headers, body }: PlainRequest) {
  const names: Record<string, string | string[]> = {}
  for (const pair of query.split('&').filter((each) => each !== '')) {
    const [name = '', value = ''] = pair.split('=').map((each) => decodeURIComponent(each.replaceAll('+', ' ')))
    const known = names[name]
    names[name] = known === undefined ? value : [...[known].flat(), value]
  }
  return {
    method,
    protocol: 'https:',
    hostname: 'gateway.example',
    path,
    query: names,
    headers: Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value])),
    body,
  }
}

/** A request as AWS's SDK signs it, in its headers. */
export async function signed(
  request: PlainRequest = postRequest,
  change: Parameters<typeof smithySigner>[0] & { at?: number } = {},
): Promise<SignedRequest> {
  const { at = signedAt, ...rest } = change
  const { headers } = await smithySigner(rest).sign(smithyRequest(request), { signingDate: new Date(at) })
  const { method, path, query } = request
  return { method, path, query, headers: Object.entries(headers) }
}

/** The URL of `$connect` as AWS's SDK presigns it. */
export async function presigned(
  change: Parameters<typeof smithySigner>[0] & { at?: number; expiresIn?: number; query?: string } = {},
): Promise<SignedRequest> {
  const { at = signedAt, expiresIn = 900, query = '', ...rest } = change
  const request = { ...postRequest, method: 'GET', path: '/chat/dev', query, body: '' }
  const made = await smithySigner(rest).presign(smithyRequest(request), { signingDate: new Date(at), expiresIn })
  const pairs = Object.entries(made.query ?? {}).flatMap(([name, values]) =>
    [values ?? ''].flat().map((value) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`),
  )
  return { method: 'GET', path: '/chat/dev', query: pairs.join('&'), headers: request.headers }
}

/** The request with one header more, or in another's place. */
export function withHeader(request: SignedRequest, name: string, value: string): SignedRequest {
  const headers = request.headers.filter(([each]) => each.toLowerCase() !== name.toLowerCase())
  return { ...request, headers: [...headers, [name, value]] }
}

/** The request with one header changed. */
export function changed(request: SignedRequest, name: string, change: (value: string) => string): SignedRequest {
  const headers = request.headers.map(([each, value]): [string, string] => [
    each,
    each.toLowerCase() === name ? change(value) : value,
  ])
  return { ...request, headers }
}
