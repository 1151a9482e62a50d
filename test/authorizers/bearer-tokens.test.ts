import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createTokenVerifier } from '../../src/authorizers/bearer-tokens.ts'

describe('bearer tokens', () => {
  const verifier = createTokenVerifier(['first-token', 'second-token'])

  it('allow each of several tokens', () => {
    expect(verifier.judge('Bearer first-token')).toBe('allowed')
    expect(verifier.judge('Bearer second-token')).toBe('allowed')
  })

  it('take the scheme in any case and with more than one space (RFC 9110 §11.1)', () => {
    for (const scheme of ['bearer', 'BEARER', 'bEaReR']) {
      expect(verifier.judge(`${scheme} first-token`)).toBe('allowed')
    }
    expect(verifier.judge('Bearer   first-token ')).toBe('allowed')
  })

  it('are missing where there is no header, or one of another scheme', () => {
    for (const header of ['', 'Bearer', 'Bearer ', 'first-token', 'Basic first-token', 'Bearerfirst-token']) {
      expect(verifier.judge(header), header).toBe('missing')
    }
    expect(verifier.judge('AWS4-HMAC-SHA256 Credential=AKID/20251005/eu-west-1/execute-api/aws4_request')).toBe(
      'missing',
    )
  })

  it('refuse every other text, also parts and extensions of a token', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ minLength: 1 }),
          fc.nat(10).map((end) => 'first-token'.slice(0, end)),
        ),
        (token) => {
          fc.pre(!['first-token', 'second-token'].includes(token.trim()))
          return verifier.judge(`Bearer ${token}`) !== 'allowed'
        },
      ),
    )
    expect(verifier.judge('Bearer first-token,second-token')).toBe('refused')
    expect(verifier.judge('Bearer first-tokenX')).toBe('refused')
    expect(verifier.judge('Bearer first-toke')).toBe('refused')
  })

  it('are replaced at run time', () => {
    const rotating = createTokenVerifier(['old'])
    rotating.replace(['old', 'new'])
    expect(['old', 'new'].map((token) => rotating.judge(`Bearer ${token}`))).toEqual(['allowed', 'allowed'])
    rotating.replace(['new'])
    expect(['old', 'new'].map((token) => rotating.judge(`Bearer ${token}`))).toEqual(['refused', 'allowed'])
  })

  it('refuse everything where there are none', () => {
    const none = createTokenVerifier([])
    expect(none.judge('Bearer x')).toBe('refused')
    expect(none.judge('Bearer  ')).toBe('refused')
  })

  it('never match an empty token, even if one is configured', () => {
    const careless = createTokenVerifier([''])
    expect(careless.judge('Bearer  ')).toBe('refused')
    expect(careless.judge('')).toBe('missing')
  })

  it('are refused where there are two headers, whichever comes first, in whatever spelling', () => {
    const request = (...values: [string, string][]) => {
      const header = (name: string) => values.find(([each]) => each.toLowerCase() === name)?.[1] ?? ''
      return { header, headers: () => values } as unknown as Parameters<typeof verifier.credentials>[0]
    }
    const judged = (...values: [string, string][]) => verifier.judge(verifier.credentials(request(...values)))
    const [good, bad] = ['Bearer first-token', 'Bearer forged']
    expect(judged(['aUtHoRiZaTiOn', good])).toBe('allowed')
    expect(judged(['Authorization', good], ['AUTHORIZATION', bad])).toBe('refused')
    expect(judged(['authorization', bad], ['Authorization', good])).toBe('refused')
    expect(judged(['authorization', good], ['Authorization', good])).toBe('refused')
    expect(judged(['x-authorization', good])).toBe('missing')
  })
})
