import { SignatureV4 } from '@smithy/signature-v4'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createSigner, type SignableRequest } from '../../src/vocabulary/sigv4-sign.ts'
import { Sha256 } from '../helpers/sha256.ts'

const credentials = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  sessionToken: null,
}
const at = Date.UTC(2015, 7, 30, 12, 36, 0)
const get: SignableRequest = {
  method: 'GET',
  path: '/',
  query: '',
  headers: [['host', 'example.amazonaws.com']],
  body: '',
}

function signature(request: SignableRequest, service = 'service'): string | undefined {
  const sign = createSigner({ credentials, region: 'us-east-1', service, now: () => at })
  return /Signature=([0-9a-f]+)/.exec(new Map(sign(request)).get('authorization') ?? '')?.[1]
}

describe("AWS's published examples", () => {
  test('get-vanilla of the Signature Version 4 test suite', () => {
    const sign = createSigner({ credentials, region: 'us-east-1', service: 'service', now: () => at })
    expect(sign(get)).toEqual([
      ['x-amz-date', '20150830T123600Z'],
      [
        'authorization',
        'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, ' +
          'SignedHeaders=host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
      ],
    ])
  })

  test('the ListUsers request of "Create a signed AWS API request"', () => {
    const request: SignableRequest = {
      method: 'GET',
      path: '/',
      query: 'Action=ListUsers&Version=2010-05-08',
      headers: [
        ['content-type', 'application/x-www-form-urlencoded; charset=utf-8'],
        ['host', 'iam.amazonaws.com'],
      ],
      body: '',
    }
    expect(signature(request, 'iam')).toBe('5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7')
  })

  test('a session token is a signed header', () => {
    const sign = createSigner({
      credentials: { ...credentials, sessionToken: 'token' },
      region: 'us-east-1',
      service: 'service',
      now: () => at,
    })
    const added = new Map(sign(get))
    expect(added.get('x-amz-security-token')).toBe('token')
    expect(added.get('authorization')).toContain('SignedHeaders=host;x-amz-date;x-amz-security-token')
  })
})

test('the derived key follows the date', () => {
  let time = at
  const sign = createSigner({ credentials, region: 'us-east-1', service: 'service', now: () => time })
  const first = sign(get)
  time += 86_400_000
  const second = sign(get)
  expect(new Map(second).get('authorization')).toContain('/20150831/')
  time -= 86_400_000
  expect(sign(get)).toEqual(first)
})

// --- against the signer of AWS's own SDK ---

test('whatever the path, query, headers and body: the signature is that of the AWS SDK', async () => {
  const oracle = new SignatureV4({
    credentials: {
      accessKeyId: credentials.accessKeyId,
      secretAccessKey: credentials.secretAccessKey,
      sessionToken: 'a/b+c=',
    },
    region: 'eu-west-1',
    service: 'lambda',
    sha256: Sha256,
    applyChecksum: false,
  })
  const sign = createSigner({
    credentials: { ...credentials, sessionToken: 'a/b+c=' },
    region: 'eu-west-1',
    service: 'lambda',
    now: () => at,
  })
  const segment = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
  const headerValue = fc.stringMatching(/^[!-~]([ -~]{0,20}[!-~])?$/)
  await fc.assert(
    fc.asyncProperty(
      fc.array(segment, { maxLength: 4 }),
      fc.dictionary(segment, fc.string({ unit: 'grapheme', maxLength: 8 }), { maxKeys: 3 }),
      fc.dictionary(fc.stringMatching(/^x-[a-z]{1,8}$/), headerValue, { maxKeys: 4 }),
      fc.string({ unit: 'grapheme' }),
      async (segments, query, headers, body) => {
        const path = `/${segments.map(encodeURIComponent).join('/')}`
        const own: [string, string][] = [['host', 'lambda.eu-west-1.amazonaws.com'], ...Object.entries(headers)]
        const expected = await oracle.sign(
          {
            method: 'POST',
            protocol: 'https:',
            hostname: 'lambda.eu-west-1.amazonaws.com',
            path,
            query,
            headers: Object.fromEntries(own),
            body,
          },
          { signingDate: new Date(at) },
        )
        const text = Object.entries(query).map(
          ([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`,
        )
        const added = new Map(sign({ method: 'POST', path, query: text.join('&'), headers: own, body }))
        expect(added.get('authorization')).toBe(expected.headers.authorization)
      },
    ),
  )
})
