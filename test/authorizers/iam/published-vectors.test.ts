import { expect, test } from 'vitest'
import { createAccessKeys } from '../../../src/authorizers/iam/access-keys.ts'
import { createSignatureVerifier } from '../../../src/authorizers/iam/verify-signature.ts'
import type { HeaderList } from '../../../src/vocabulary/headers.ts'
import { aliceKey } from './signed.ts'

const scope = 'AKIDEXAMPLE/20150830/us-east-1/service/aws4_request'
const verify = createSignatureVerifier({
  keys: createAccessKeys([aliceKey]),
  region: 'us-east-1',
  now: () => Date.UTC(2015, 7, 30, 12, 36),
})

interface Vector {
  readonly method?: string
  readonly path?: string
  readonly query?: string
  readonly headers?: HeaderList
  readonly signedHeaders?: string
  readonly signature: string
}

/** Requests of AWS's Signature Version 4 test suite by their names there, with the signatures that it publishes. */
const vectors: Record<string, Vector> = {
  'get-vanilla': { signature: '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31' },
  'get-vanilla-query-order-key-case': {
    query: 'Param2=value2&Param1=value1',
    signature: 'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
  },
  'get-unreserved': {
    path: '/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz',
    signature: '07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f',
  },
  'get-utf8': { path: '/ሴ', signature: '8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85' },
  'get-relative': {
    path: '/example/..',
    signature: '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
  },
  'get-slashes': {
    path: '//example//',
    signature: '9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84',
  },
  'get-header-key-duplicate': {
    headers: [
      ['My-Header1', 'value2'],
      ['My-Header1', 'value2'],
      ['My-Header1', 'value1'],
    ],
    signedHeaders: 'host;my-header1;x-amz-date',
    signature: 'c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea',
  },
  'get-header-value-trim': {
    headers: [
      ['My-Header1', ' value1'],
      ['My-Header2', ' "a   b   c"'],
    ],
    signedHeaders: 'host;my-header1;my-header2;x-amz-date',
    signature: 'acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736',
  },
  'post-vanilla': {
    method: 'POST',
    signature: '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b',
  },
  'post-header-key-sort': {
    method: 'POST',
    headers: [['My-Header1', 'value1']],
    signedHeaders: 'host;my-header1;x-amz-date',
    signature: 'c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c',
  },
  'post-vanilla-query': {
    method: 'POST',
    query: 'Param1=value1',
    signature: '28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11',
  },
}

test.each(Object.entries(vectors))('%s', (_, vector) => {
  const { method = 'GET', path = '/', query = '', signature, signedHeaders = 'host;x-amz-date' } = vector
  const headers: HeaderList = [
    ['Host', 'example.amazonaws.com'],
    ...(vector.headers ?? []),
    ['X-Amz-Date', '20150830T123600Z'],
    ['Authorization', `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=${signedHeaders}, Signature=${signature}`],
  ]
  expect(verify({ method, path, query, headers }, null, 'service')).toHaveProperty('key')
})
