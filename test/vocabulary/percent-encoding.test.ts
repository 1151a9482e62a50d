import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeSegment, percentEncode, staticPath } from '../../src/vocabulary/percent-encoding.ts'
import { anyUtf16 } from '../helpers/any-text.ts'

test('a text becomes one segment, which climbs nowhere', () => {
  expect([encodeSegment('a/b ü?'), encodeSegment('..'), percentEncode('\ud800')]).toEqual([
    'a%2Fb%20%C3%BC%3F',
    '%252E%252E',
    '%EF%BF%BD',
  ])
})

test('a path stays as it is, but for what no path has', () => {
  expect(staticPath("/a%20b//c;d=1/[x]/~.../'")).toBe("/a%20b//c;d=1/[x]/~.../'")
  expect(staticPath('/ü b#\\?')).toBe('/%C3%BC%20b%23%5C%3F')
})

test('dots that are a segment are text to whoever resolves the path', () => {
  expect(staticPath('/a/../b/%2e./.')).toBe('/a/%252E%252E/b/%252E%252E/%252E')
  const segment = fc.oneof(fc.constantFrom('.', '..', '%2e', '%2E.', 'a', '', '..;'), anyUtf16)
  fc.assert(
    fc.property(fc.array(segment), (segments) => {
      const path = staticPath(`/base/${segments.join('/')}`)
      expect(path).toMatch(/^[\x21-\x7e]*$/)
      expect(new URL(`http://backend${path}`).pathname.startsWith('/base/')).toBe(true)
    }),
  )
})
