import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readProxyResult } from '../../src/integrations/proxy-result.ts'
import { GatewayError } from '../../src/vocabulary/errors.ts'

const read = (result: unknown) => readProxyResult(JSON.stringify(result), 'ERROR')

function failure(result: unknown): GatewayError {
  try {
    read(result)
  } catch (error) {
    if (error instanceof GatewayError) return error
  }
  throw new Error(`no GatewayError for ${JSON.stringify(result)}`)
}

describe('a proxy result that is valid', () => {
  test('has a status, headers and a body', () => {
    expect(read({ statusCode: 201, headers: { 'Content-Type': 'text/plain' }, body: 'hi' })).toEqual({
      status: 201,
      headers: [['Content-Type', 'text/plain']],
      body: 'hi',
    })
  })

  test('may have nothing but a status; the body is then empty', () => {
    expect(read({ statusCode: 200 })).toEqual({ status: 200, headers: [], body: '' })
    expect(
      read({ statusCode: 200, headers: null, multiValueHeaders: null, body: null, isBase64Encoded: null }),
    ).toEqual({
      status: 200,
      headers: [],
      body: '',
    })
  })

  test('may spell the status as digits', () => expect(read({ statusCode: '404' }).status).toBe(404))

  test('isBase64Encoded decodes the body', () => {
    const bytes = Buffer.from([0, 255, 128])
    expect(read({ statusCode: 200, body: bytes.toString('base64'), isBase64Encoded: true }).body).toEqual(bytes)
    expect(read({ statusCode: 200, body: 'aGk=', isBase64Encoded: false }).body).toBe('aGk=')
  })

  test('numbers keep their digits in headers', () => {
    const payload =
      '{"statusCode":200,"headers":{"X-Id":12345678901234567890,"X-One":1.0},"multiValueHeaders":{"X-All":[9007199254740993,2]}}'
    expect(readProxyResult(payload, 'ERROR').headers).toEqual([
      ['X-All', '9007199254740993'],
      ['X-All', '2'],
      ['X-Id', '12345678901234567890'],
      ['X-One', '1.0'],
    ])
  })

  test('numbers and booleans become header texts', () => {
    expect(read({ statusCode: 200, headers: { a: 1, b: true, c: 'x', d: null } }).headers).toEqual([
      ['a', '1'],
      ['b', 'true'],
      ['c', 'x'],
    ])
  })

  test('for a name in both maps the list comes first, in its spelling, then the single value unless it is there', () => {
    const headers = { 'set-cookie': 'c=3', 'x-a': 'same', 'x-only': '1' }
    const multiValueHeaders = { 'Set-Cookie': ['a=1', 'b=2'], 'X-A': ['same'] }
    expect(read({ statusCode: 200, headers, multiValueHeaders }).headers).toEqual([
      ['Set-Cookie', 'a=1'],
      ['Set-Cookie', 'b=2'],
      ['Set-Cookie', 'c=3'],
      ['X-A', 'same'],
      ['x-only', '1'],
    ])
  })

  test('a header may be named like a member of JavaScript objects', () => {
    const payload = '{"statusCode":200,"headers":{"__proto__":"p","constructor":"c"}}'
    expect(readProxyResult(payload, 'ERROR').headers).toEqual([
      ['__proto__', 'p'],
      ['constructor', 'c'],
    ])
  })
})

describe('a proxy result of the wrong shape', () => {
  test.each([
    ['a missing statusCode', {}, 'the result has no statusCode'],
    ['a statusCode of null', { statusCode: null }, 'the result has no statusCode'],
    ['a statusCode in words', { statusCode: 'ok' }, 'statusCode is a string, not a number from 200 to 599'],
    ['a statusCode with a fraction', { statusCode: 200.5 }, 'statusCode is 200.5, not a number from 200 to 599'],
    ['a statusCode of 101', { statusCode: 101 }, 'statusCode is 101, not a number from 200 to 599'],
    ['a statusCode of 1000', { statusCode: 1000 }, 'statusCode is 1000, not a number from 200 to 599'],
    [
      'an unknown member',
      { statusCode: 200, cookies: [] },
      'the result has the member "cookies"; allowed are statusCode, headers, multiValueHeaders, body, isBase64Encoded',
    ],
    [
      'a body that is an object',
      { statusCode: 200, body: {} },
      'body is an object, not a string; JSON.stringify makes one',
    ],
    ['headers that are a list', { statusCode: 200, headers: [] }, 'headers is a list, not an object'],
    ['a header that is a list', { statusCode: 200, headers: { a: [] } }, 'headers "a" is a list, not a string'],
    [
      'multi-value headers that are no lists',
      { statusCode: 200, multiValueHeaders: { a: 'x' } },
      'multiValueHeaders "a" is a string, not a list',
    ],
    [
      'isBase64Encoded in words',
      { statusCode: 200, isBase64Encoded: 'yes' },
      'isBase64Encoded is a string, not true or false',
    ],
    [
      'a body that is not base64',
      { statusCode: 200, body: '%%%', isBase64Encoded: true },
      'isBase64Encoded is true and body is not base64',
    ],
    ['a text', 'hello', 'the result is a string, not an object with a statusCode'],
    ['a number', 7, 'the result is 7, not an object with a statusCode'],
    ['a list', [200], 'the result is a list, not an object with a statusCode'],
    ['null', null, 'the result is null, not an object with a statusCode'],
  ])('is refused: %s', (_, result, detail) => {
    const error = failure(result)
    expect(error.code).toBe('MALFORMED_PROXY_RESPONSE')
    expect(error.message).toBe(detail)
  })

  test('is refused when it is no JSON at all', () => {
    expect(() => readProxyResult('<html>', 'ERROR')).toThrow('the result is not JSON')
  })

  test('does not bring a name of any length into the log', () => {
    expect(failure({ statusCode: 200, ['x'.repeat(100_000)]: 1 }).message.length).toBeLessThan(200)
  })

  test('a member __proto__ is an unknown member', () => {
    expect(() => readProxyResult('{"statusCode":200,"__proto__":{"body":"x"}}', 'ERROR')).toThrow('"__proto__"')
  })

  test('never fails in any other way', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), fc.jsonValue(), fc.jsonValue(), (statusCode, headers, body, flag) => {
        for (const result of [statusCode, { statusCode, headers, body, isBase64Encoded: flag }]) {
          try {
            read(result)
          } catch (error) {
            expect(error).toBeInstanceOf(GatewayError)
          }
        }
      }),
    )
  })
})

describe('nothing as a result (nullFunctionResult)', () => {
  test.each(['null', ''])('%j is an empty 200 with SILENCE', (payload) => {
    expect(readProxyResult(payload, 'SILENCE')).toEqual({ status: 200, headers: [], body: '' })
  })
  test.each(['null', ''])('%j is malformed with ERROR', (payload) => {
    expect(() => readProxyResult(payload, 'ERROR')).toThrow(GatewayError)
  })
})
