import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readResultV1, readResultV2 } from '../../src/integrations/method-result.ts'
import { GatewayError } from '../../src/vocabulary/errors.ts'

const plain = ['Content-Type', 'text/plain; charset=utf-8']
const json = ['Content-Type', 'application/json']
const v1 = (result: unknown) => readResultV1(JSON.stringify(result))
const v2 = (result: unknown) => readResultV2(JSON.stringify(result))

function faultOf(read: () => unknown): string {
  try {
    read()
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'MALFORMED_PROXY_RESPONSE') return error.message
    throw error
  }
  throw new Error('the result was taken')
}

describe('a result of format 2.0', () => {
  test('with a statusCode has status, headers and body', () => {
    const headers = { 'Content-Type': 'text/html', 'X-N': 1, 'X-B': true, 'X-None': null }
    expect(v2({ statusCode: '201', headers, body: '<p>' })).toEqual({
      ...{ status: 201, body: '<p>' },
      headers: [
        ['Content-Type', 'text/html'],
        ['X-N', '1'],
        ['X-B', 'true'],
      ],
    })
  })

  test('without a Content-Type is text', () => {
    expect(v2({ statusCode: 204 })).toEqual({ status: 204, headers: [plain], body: '' })
  })

  test('has its cookies before those of the headers', () => {
    const result = v2({ statusCode: 200, cookies: ['a=1', 'b=2; Path=/'], headers: { 'set-cookie': 'c=3' } })
    expect(result.headers).toEqual([plain, ['Set-Cookie', 'a=1'], ['Set-Cookie', 'b=2; Path=/'], ['set-cookie', 'c=3']])
  })

  test('is decoded whenever it says so', () => {
    const bytes = Buffer.from([0, 255, 128])
    const result = v2({ statusCode: 200, body: bytes.toString('base64'), isBase64Encoded: true })
    expect(Buffer.from(result.body)).toEqual(bytes)
    expect(v2({ statusCode: 200, body: 'aGk=', isBase64Encoded: false }).body).toBe('aGk=')
  })

  test('may have members that are of no format, and those of 1.0', () => {
    expect(v2({ statusCode: 200, other: 1, multiValueHeaders: { a: ['b'] } }).headers).toEqual([plain])
  })

  test('keeps the digits of numbers in headers', () => {
    expect(readResultV2('{"statusCode":200,"headers":{"X-Id":12345678901234567890}}').headers).toEqual([
      plain,
      ['X-Id', '12345678901234567890'],
    ])
  })

  test.each(['{"message":"hi"}', '{"body":"x","headers":{"a":"b"}}', '"hi"', '[1]', '7', 'null', 'true', '{"a":', ''])(
    '%s is the JSON of a 200 as it stands',
    (payload) => {
      expect(readResultV2(payload)).toEqual({ status: 200, headers: [json], body: payload || 'null' })
    },
  )

  test.each<[object, RegExp]>([
    [{ statusCode: 0 }, /statusCode is 0/],
    [{ statusCode: null }, /statusCode/],
    [{ statusCode: 'ok' }, /statusCode/],
    [{ statusCode: 200, body: {} }, /body is an object/],
    [{ statusCode: 200, headers: [] }, /headers is a list/],
    [{ statusCode: 200, headers: { a: ['b'] } }, /"a" is a list/],
    [{ statusCode: 200, cookies: 'a=1' }, /cookies is a string/],
    [{ statusCode: 200, cookies: [{}] }, /cookies is an object/],
    [{ statusCode: 200, body: '!', isBase64Encoded: true }, /base64/],
  ])('%j is malformed', (result, fault) => {
    expect(faultOf(() => v2(result))).toMatch(fault)
  })
})

describe('a result of format 1.0 of HTTP APIs', () => {
  test('has both maps of headers, and may have members that are of no format', () => {
    const result = v1({ statusCode: 200, headers: { a: '1' }, multiValueHeaders: { b: ['2', '3'] }, cookies: ['x=1'] })
    expect(result.headers).toEqual([plain, ['b', '2'], ['b', '3'], ['a', '1']])
  })

  test.each<unknown>([{}, { message: 'hi' }, 'hi', null, [1]])('%j is malformed, as it has no statusCode', (result) => {
    expect(faultOf(() => v1(result))).toContain('statusCode')
  })

  test('is no JSON: malformed', () => expect(faultOf(() => readResultV1('{"a":'))).toContain('not JSON'))
})

test('whatever a function returns, there is an answer or a malformed one', () => {
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string()), (payload) => {
      for (const read of [readResultV1, readResultV2]) {
        try {
          expect(read(payload).status).toBeGreaterThanOrEqual(200)
        } catch (error) {
          expect(error).toMatchObject({ code: 'MALFORMED_PROXY_RESPONSE' })
        }
      }
    }),
  )
})
