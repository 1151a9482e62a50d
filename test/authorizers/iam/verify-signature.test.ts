import { sign as aws4Sign } from 'aws4'
import { AwsV4Signer } from 'aws4fetch'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSigner } from '../../../src/vocabulary/sigv4-sign.ts'
import {
  aliceKey,
  changed,
  credentials,
  type PlainRequest,
  postRequest,
  presigned,
  region,
  signed,
  signedAt,
  verdictOf,
  withHeader,
} from './signed.ts'

const minutes = 60_000

/** Paths and queries that clients spell in ways of their own. */
const spellings: Partial<PlainRequest>[] = [
  {},
  { path: '/chat/dev/@connections/L0SM9cOFvHcCIhw=' },
  { path: '/chat/dev/%40connections/L0SM9cOFvHcCIhw%3D' },
  { path: '/chat/dev//@connections/L0SM9cOFvHcCIhw=' },
  { path: '/chat/dev/' },
  { path: '/' },
  { path: '/chat/a%20b/%C3%A9/~x_y-z.!*' },
  { query: 'frame=binary' },
  { query: 'b=2&a=1&a=0&B=3' },
  { query: 'a=x%20y&b=%2B&c=%C3%A9%F0%9F%98%80&d=%2F' },
  { query: 'a=x+y' },
  { query: 'empty=&a-b=1&a.b=2&a=3' },
  { query: 'code=4000&reason=bye%20%28now%29%21%2A%27' },
  { method: 'GET', body: '' },
  { method: 'DELETE', body: '' },
  { body: '{"text":"é😀"}' },
  { body: Buffer.from([0, 255, 128]) },
  {
    headers: [
      ['Host', 'gateway.example'],
      ['X-Amz-Meta', '  much   white \t space  '],
    ],
  },
]

describe('a signature', () => {
  it.each(spellings)("of AWS's SDK is valid: %j", async (change) => {
    const request = { ...postRequest, ...change }
    expect(verdictOf(await signed(request), request.body)).toBe('valid')
  })

  it.each(spellings)('of aws4 is valid: %j', (change) => {
    const request = { ...postRequest, ...change }
    const { method, path, query, headers, body } = request
    const made = aws4Sign(
      {
        ...{ method, service: 'execute-api', region, body: body as string },
        path: query === '' ? path : `${path}?${query}`,
        headers: { ...Object.fromEntries(headers), 'X-Amz-Date': '20251005T080910Z' },
      },
      credentials,
    )
    // It writes the path anew and signs what it wrote.
    const [wirePath = '', wireQuery = ''] = (made.path ?? '').split('?')
    const list = Object.entries(made.headers ?? {}).map(([name, value]): [string, string] => [name, String(value)])
    expect(verdictOf({ method, path: wirePath, query: wireQuery, headers: list }, body)).toBe('valid')
  })

  it.each(spellings)('of aws4fetch is valid: %j', async (change) => {
    const request = { ...postRequest, ...change }
    const { method, path, query, headers, body } = request
    const signer = new AwsV4Signer({
      ...credentials,
      ...{ method, service: 'execute-api', region, datetime: '20251005T080910Z' },
      url: `https://gateway.example:8080${path}${query === '' ? '' : `?${query}`}`,
      headers: headers.filter(([name]) => name !== 'Host').map(([name, value]): [string, string] => [name, value]),
      ...(method === 'POST' && { body: body as string }),
    })
    const made = await signer.sign()
    const list: [string, string][] = [...made.headers].filter(([name]) => name !== 'host')
    const wire = { method, path: made.url.pathname, query: made.url.search.slice(1) }
    expect(verdictOf({ ...wire, headers: [...list, ['host', 'gateway.example:8080']] }, body)).toBe('valid')
  })

  it('is valid whatever the path, query, headers and body', () => {
    const word = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 6 })
    const pair = fc.tuple(word, word).map((both) => both.map(encodeURIComponent).join('='))
    const request = fc.record({
      method: fc.constantFrom('GET', 'POST', 'DELETE'),
      path: fc.array(word, { maxLength: 4 }).map((words) => `/${words.map(encodeURIComponent).join('/')}`),
      query: fc.uniqueArray(pair, { maxLength: 4 }).map((pairs) => pairs.join('&')),
      value: fc.string({ unit: fc.constantFrom('a', ' ', '\t', ',', '"') }),
      body: fc.uint8Array({ maxLength: 20 }),
    })
    const sign = createSigner({
      credentials: { ...credentials, sessionToken: null },
      ...{ region, service: 'execute-api', now: () => signedAt },
    })
    fc.assert(
      fc.property(request, ({ value, body, ...rest }) => {
        const headers: [string, string][] = [
          ['host', 'gateway.example'],
          ['x-amz-meta', value],
        ]
        const all = [...headers, ...sign({ ...rest, headers, body })]
        expect(verdictOf({ ...rest, headers: all }, body)).toBe('valid')
      }),
      { numRuns: 200 },
    )
  })

  it('has the values of a repeated header in their order', async () => {
    const joined = await signed({ ...postRequest, headers: [...postRequest.headers, ['X-Amz-Meta', 'one,two  2']] })
    const apart = joined.headers.flatMap(([name, value]): [string, string][] =>
      name === 'x-amz-meta'
        ? [
            ['X-Amz-Meta', 'one'],
            ['x-amz-meta', ' two 2 '],
          ]
        : [[name, value]],
    )
    expect(verdictOf({ ...joined, headers: apart }, postRequest.body)).toBe('valid')
    expect(verdictOf({ ...joined, headers: apart.toReversed() }, postRequest.body)).toBe('INVALID_SIGNATURE')
  })

  it('has its time in X-Amz-Date, or in Date in either form', () => {
    const dated = (name: string, value: string) => {
      const headers: [string, string][] = [['Host', 'gateway.example']]
      const made = aws4Sign(
        {
          ...{ method: 'GET', path: '/', service: 'execute-api', region },
          headers: { Host: 'gateway.example', [name]: value },
        },
        credentials,
      )
      for (const [each, text] of Object.entries(made.headers ?? {}))
        if (each !== 'Host') headers.push([each, String(text)])
      return { method: 'GET', path: '/', query: '', headers }
    }
    const first = dated('X-Amz-Date', '20251005T080910Z')
    expect(verdictOf(first, null)).toBe('valid')
    const http = dated('Date', 'Sun, 05 Oct 2025 08:09:10 GMT')
    expect(http.headers.some(([name]) => name === 'Date')).toBe(true)
    expect(verdictOf(http, null)).toBe('valid')
  })

  it('is verified with each key of a user, and with none that is not there', async () => {
    const second = { ...aliceKey, accessKeyId: 'AKIDSECOND', secretAccessKey: 'another-secret-access-key' }
    const request = await signed()
    expect(verdictOf(request, postRequest.body, { keys: [second, aliceKey] })).toBe('valid')
    expect(verdictOf(request, postRequest.body, { keys: [second] })).toBe('UNRECOGNIZED_CLIENT')
    expect(verdictOf(request, postRequest.body, { keys: [] })).toBe('UNRECOGNIZED_CLIENT')
  })
})

describe('a presigned URL', () => {
  it("of AWS's SDK is valid until it expires", async () => {
    const request = await presigned({ expiresIn: 900, query: 'token=a%2Bb&room=1&room=0' })
    expect(verdictOf(request, null)).toBe('valid')
    expect(verdictOf(request, null, { now: signedAt + 15 * minutes })).toBe('valid')
    expect(verdictOf(request, null, { now: signedAt + 15 * minutes + 1 })).toBe('SIGNATURE_EXPIRED')
  })

  it('is good for a week at most, and from five minutes before its time on', async () => {
    const week = await presigned({ expiresIn: 604_800 })
    expect(verdictOf(week, null, { now: signedAt + 604_800_000 })).toBe('valid')
    expect(verdictOf(week, null, { now: signedAt - 5 * minutes })).toBe('valid')
    expect(verdictOf(week, null, { now: signedAt - 5 * minutes - 1 })).toBe('SIGNATURE_NOT_YET_CURRENT')
    for (const expires of ['0', '-1', '604801', '1e3', '9999999', ''])
      expect(verdictOf({ ...week, query: week.query.replace('=604800', `=${expires}`) }, null), expires).toBe(
        'INCOMPLETE_SIGNATURE',
      )
    // Longer than was signed.
    expect(verdictOf({ ...week, query: week.query.replace('=604800', '=604799') }, null)).toBe('INVALID_SIGNATURE')
  })

  it('of aws4 and aws4fetch, which say nothing of its end, is good for five minutes', async () => {
    const { path = '' } = aws4Sign(
      {
        ...{ method: 'GET', service: 'execute-api', region, signQuery: true },
        host: 'gateway.example:8080',
        path: '/chat/dev?X-Amz-Date=20251005T080910Z&room=a',
      },
      credentials,
    )
    const signer = new AwsV4Signer({
      ...credentials,
      ...{ method: 'GET', service: 'execute-api', region, datetime: '20251005T080910Z', signQuery: true },
      url: 'https://gateway.example:8080/chat/dev?room=a',
    })
    const { url } = await signer.sign()
    for (const query of [path.slice('/chat/dev?'.length), url.search.slice(1)]) {
      expect(query).not.toContain('X-Amz-Expires')
      const request = { method: 'GET', path: '/chat/dev', query, headers: postRequest.headers }
      expect(verdictOf(request, null)).toBe('valid')
      expect(verdictOf(request, null, { now: signedAt + 5 * minutes })).toBe('valid')
      expect(verdictOf(request, null, { now: signedAt + 5 * minutes + 1 })).toBe('SIGNATURE_EXPIRED')
    }
  })
})

describe('an attack', () => {
  const refused = async (change: (request: Awaited<ReturnType<typeof signed>>) => Awaited<ReturnType<typeof signed>>) =>
    verdictOf(change(await signed()), postRequest.body)

  it('with no signature is told so', () => {
    const request = { ...postRequest, headers: postRequest.headers }
    expect(verdictOf(request, postRequest.body)).toBe('MISSING_AUTHENTICATION_TOKEN')
  })

  it('by replay ends after five minutes, and can not be prepared for later', async () => {
    const request = await signed()
    expect(verdictOf(request, postRequest.body, { now: signedAt + 5 * minutes })).toBe('valid')
    expect(verdictOf(request, postRequest.body, { now: signedAt + 5 * minutes + 1 })).toBe('SIGNATURE_EXPIRED')
    expect(verdictOf(request, postRequest.body, { now: signedAt - 5 * minutes })).toBe('valid')
    expect(verdictOf(request, postRequest.body, { now: signedAt - 5 * minutes - 1 })).toBe('SIGNATURE_NOT_YET_CURRENT')
    // A newer date is another signature.
    const later = changed(request, 'x-amz-date', () => '20251005T081910Z')
    expect(verdictOf(later, postRequest.body, { now: signedAt + 10 * minutes })).toBe('INVALID_SIGNATURE')
    expect(
      verdictOf(withHeader(request, 'Date', 'Sun, 05 Oct 2025 08:19:10 GMT'), postRequest.body, {
        now: signedAt + 10 * minutes,
      }),
    ).toBe('SIGNATURE_EXPIRED')
  })

  it('with the signature of another path, stage, method, query, host or body is refused', async () => {
    const others: Partial<PlainRequest>[] = [
      { path: '/chat/dev/%40connections/M0SM9cOFvHcCIhw%3D' },
      { path: '/chat/dev/@connections/L0SM9cOFvHcCIhw%3D' },
      { path: '/chat/prod/%40connections/L0SM9cOFvHcCIhw%3D' },
      { path: '/chat/dev/%40connections/L0SM9cOFvHcCIhw%253D' },
      { method: 'DELETE' },
      { query: 'frame=binary' },
      { headers: [['Host', 'other.example:8080']] },
      { headers: [['Host', 'gateway.example:8081']] },
    ]
    const request = await signed()
    for (const other of others) {
      const { headers: host, ...rest } = other
      const moved = host === undefined ? request : withHeader(request, 'host', host[0]?.[1] as string)
      expect(verdictOf({ ...moved, ...rest }, postRequest.body), JSON.stringify(other)).toBe('INVALID_SIGNATURE')
    }
    for (const body of ['hellO', '', null]) expect(verdictOf(request, body)).toBe('INVALID_SIGNATURE')
  })

  it('with another body is refused whatever the sender says of its hash', async () => {
    const own = {
      ...postRequest,
      headers: [...postRequest.headers, ['X-Amz-Content-Sha256', 'UNSIGNED-PAYLOAD'] as const],
    }
    const request = await signed(own)
    expect(request.headers).toContainEqual(['x-amz-content-sha256', 'UNSIGNED-PAYLOAD'])
    expect(verdictOf(request, 'hello')).toBe('INVALID_SIGNATURE')
    expect(verdictOf(request, '')).toBe('INVALID_SIGNATURE')
    // There is no body whose hash it would leave out.
    expect(verdictOf(await signed({ ...own, method: 'GET', body: '' }), null)).toBe('valid')
    const streaming = [...postRequest.headers, ['X-Amz-Content-Sha256', 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD'] as const]
    expect(verdictOf(await signed({ ...postRequest, headers: streaming }), 'hello')).toBe('INVALID_SIGNATURE')
  })

  it('with another secret, or a key that nobody has, is refused', async () => {
    expect(verdictOf(await signed(postRequest, { secretAccessKey: 'guessed' }), postRequest.body)).toBe(
      'INVALID_SIGNATURE',
    )
    expect(
      await refused((request) =>
        changed(request, 'authorization', (value) => value.replace('AKIDEXAMPLE', 'AKIDOTHER')),
      ),
    ).toBe('UNRECOGNIZED_CLIENT')
  })

  it('of a temporary key is valid with its session token only, in the header or in the query', async () => {
    const keys = [{ ...aliceKey, sessionToken: 'a/b+c=' }]
    const verdicts = async (sessionToken?: string) => {
      const change = sessionToken === undefined ? {} : { sessionToken }
      return [
        verdictOf(await signed(postRequest, change), postRequest.body, { keys }),
        verdictOf(await presigned(change), null, { keys }),
      ]
    }
    expect(await verdicts('a/b+c=')).toEqual(['valid', 'valid'])
    for (const token of [undefined, 'a/b+c', 'a/b+c==', '']) {
      expect(await verdicts(token), token).toEqual(['UNRECOGNIZED_CLIENT', 'UNRECOGNIZED_CLIENT'])
    }
  })

  it('with a session token is refused where the key has none', async () => {
    expect(verdictOf(await signed(postRequest, { sessionToken: 'token' }), postRequest.body)).toBe(
      'UNRECOGNIZED_CLIENT',
    )
    expect(verdictOf(await presigned({ sessionToken: 'token' }), null)).toBe('UNRECOGNIZED_CLIENT')
  })

  it('with the signature for another region, service or day is refused', async () => {
    expect(verdictOf(await signed(postRequest, { region: 'us-east-1' }), postRequest.body)).toBe('INVALID_SIGNATURE')
    expect(verdictOf(await signed(postRequest, { service: 'lambda' }), postRequest.body)).toBe('INVALID_SIGNATURE')
    expect(
      await refused((request) =>
        changed(request, 'authorization', (value) => value.replace('/20251005/', '/20251004/')),
      ),
    ).toBe('INVALID_SIGNATURE')
  })

  it('that adds headers which say something of the call is refused, and a proxy may add others', async () => {
    expect(await refused((request) => withHeader(request, 'X-Amz-Invocation-Type', 'Event'))).toBe('INVALID_SIGNATURE')
    expect(await refused((request) => withHeader(request, 'x-AMZ-security', ''))).toBe('INVALID_SIGNATURE')
    expect(await refused((request) => withHeader(request, 'X-Forwarded-For', '203.0.113.9'))).toBe('valid')
    const url = await presigned()
    expect(verdictOf({ ...url, headers: [...url.headers, ['X-Amz-Date', '20251005T080910Z']] }, null)).toBe(
      'INVALID_SIGNATURE',
    )
  })

  it('that takes a signed header away, or changes or repeats it, is refused', async () => {
    const request = await signed({ ...postRequest, headers: [...postRequest.headers, ['X-Amz-Meta', 'one']] })
    const without = request.headers.filter(([name]) => name !== 'x-amz-meta')
    expect(verdictOf({ ...request, headers: without }, postRequest.body)).toBe('INVALID_SIGNATURE')
    expect(verdictOf(withHeader(request, 'X-Amz-Meta', 'two'), postRequest.body)).toBe('INVALID_SIGNATURE')
    expect(verdictOf({ ...request, headers: [...request.headers, ['X-Amz-Meta', 'two']] }, postRequest.body)).toBe(
      'INVALID_SIGNATURE',
    )
    expect(verdictOf({ ...request, headers: [...request.headers, ['HOST', 'other.example']] }, postRequest.body)).toBe(
      'INVALID_SIGNATURE',
    )
    expect(
      verdictOf({ ...request, headers: [...request.headers, ['x-amz-date', '20251005T080910Z']] }, postRequest.body),
    ).toBe('INCOMPLETE_SIGNATURE')
  })

  it('that leaves the host out of the signature is refused', async () => {
    expect(
      await refused((request) =>
        changed(request, 'authorization', (value) => value.replace('SignedHeaders=host;', 'SignedHeaders=')),
      ),
    ).toBe('INCOMPLETE_SIGNATURE')
    const url = await presigned()
    expect(verdictOf({ ...url, query: url.query.replace('SignedHeaders=host', 'SignedHeaders=accept') }, null)).toBe(
      'INCOMPLETE_SIGNATURE',
    )
  })

  it('with two Authorization headers, in any spelling and order, is refused', async () => {
    const request = await signed()
    for (const other of ['Bearer token', 'AWS4-HMAC-SHA256 Credential=x', '']) {
      for (const name of ['authorization', 'AUTHORIZATION', 'aUtHoRiZaTiOn']) {
        const added = [name, other] as const
        expect(verdictOf({ ...request, headers: [...request.headers, added] }, postRequest.body)).toBe(
          'INCOMPLETE_SIGNATURE',
        )
        if (other !== '')
          expect(verdictOf({ ...request, headers: [added, ...request.headers] }, postRequest.body)).toBe(
            'INCOMPLETE_SIGNATURE',
          )
      }
    }
  })

  it('that signs in two places, or names a part twice, is refused', async () => {
    const [request, url] = [await signed(), await presigned()]
    expect(verdictOf({ ...request, query: url.query }, postRequest.body)).toBe('INCOMPLETE_SIGNATURE')
    expect(verdictOf({ ...url, query: `${url.query}&X-Amz-Date=20251005T080910Z` }, null)).toBe('INCOMPLETE_SIGNATURE')
    expect(verdictOf({ ...url, query: `X-Amz-Signatur%65=${'0'.repeat(64)}&${url.query}` }, null)).toBe(
      'INCOMPLETE_SIGNATURE',
    )
    expect(await refused((each) => changed(each, 'authorization', (value) => `${value}, Credential=x`))).toBe(
      'INCOMPLETE_SIGNATURE',
    )
  })

  it('with another query than a presigned one is refused', async () => {
    const url = await presigned({ query: 'room=1' })
    for (const query of [
      `${url.query}&room=2`,
      url.query.replace('room=1', 'room=2'),
      url.query.replace('room=1&', ''),
    ])
      expect(verdictOf({ ...url, query }, null)).toBe('INVALID_SIGNATURE')
    expect(verdictOf({ ...url, path: '/chat/prod' }, null)).toBe('INVALID_SIGNATURE')
    expect(verdictOf(withHeader(url, 'Host', 'other.example'), null)).toBe('INVALID_SIGNATURE')
    expect(verdictOf({ ...url, query: url.query.split('&').toReversed().join('&') }, null)).toBe('valid')
  })

  it.each([
    'Bearer token',
    'AWS4-HMAC-SHA256',
    'AWS4-HMAC-SHA256 ',
    'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE',
    'AWS3-HTTPS Credential=x',
    'AWS4-ECDSA-P256-SHA256 Credential=AKIDEXAMPLE/20251005/execute-api/aws4_request, SignedHeaders=host, Signature=00',
    `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20251005/eu-west-1/execute-api/aws4_request, SignedHeaders=host;x-amz-date, Signature=${'g'.repeat(64)}`,
    `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20251005/eu-west-1/execute-api/aws4_request, SignedHeaders=host;x-amz-date, Signature=${'0'.repeat(63)}`,
    `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20251005/eu-west-1/execute-api, SignedHeaders=host;x-amz-date, Signature=${'0'.repeat(64)}`,
    `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20251005/eu-west-1/execute-api/aws4_request, SignedHeaders=x-amz-date;host, Signature=${'0'.repeat(64)}`,
    `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20251005/eu-west-1/execute-api/aws4_request, SignedHeaders=Host;x-amz-date, Signature=${'0'.repeat(64)}`,
    `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20251005/eu-west-1/execute-api/aws4_request, SignedHeaders=host;host;x-amz-date, Signature=${'0'.repeat(64)}`,
    `AWS4-HMAC-SHA256 ${'a'.repeat(5_000)}`,
    `AWS4-HMAC-SHA256 ${',='.repeat(2_000)}`,
  ])('with a header that is no signature is told so: %s', async (authorization) => {
    expect(await refused((request) => withHeader(request, 'Authorization', authorization))).toBe('INCOMPLETE_SIGNATURE')
  })

  it.each([
    '',
    '20251005',
    '2025-10-05T08:09:10Z',
    '20251305T080910Z',
    '20250231T080910Z',
    '20251005T250910Z',
    '20251005T080960Z',
    'Sun, 05 Oct 2025 08:09:10 GMT',
    '99991231T235959Z',
  ])('with the date %j is refused', async (date) => {
    expect(await refused((request) => changed(request, 'x-amz-date', () => date))).toMatch(
      /INCOMPLETE_SIGNATURE|INVALID_SIGNATURE/,
    )
  })

  it('with any bytes at all is refused, and never throws', () => {
    const text = fc.string({ unit: 'binary', maxLength: 60 })
    const hostile = fc.record({
      method: fc.constantFrom('GET', 'POST', ''),
      path: text,
      query: fc.oneof(
        text,
        text.map((each) => `X-Amz-Signature=${each}&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${each}`),
      ),
      headers: fc.array(
        fc.oneof(
          fc.tuple(text, text),
          fc.tuple(fc.constantFrom('Authorization', 'x-amz-date', 'Date', 'host', 'x-amz-content-sha256'), text),
          text.map((each): [string, string] => [
            'authorization',
            `AWS4-HMAC-SHA256 Credential=${each}, SignedHeaders=${each}, Signature=${each}`,
          ]),
        ),
      ),
    })
    fc.assert(
      fc.property(hostile, (request) => {
        expect(verdictOf(request, '')).not.toBe('valid')
      }),
      { numRuns: 500 },
    )
  })
})
