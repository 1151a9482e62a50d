import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalAddress } from '../../src/transport/ip-address.ts'

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['0000:0000:0000:0000:0000:ffff:c000:0201', '192.0.2.1'],
  ['0000:0000:0000:0000:0000:0000:0000:0001', '::1'],
  ['0000:0000:0000:0000:0000:0000:0000:0000', '::'],
  ['2001:0db8:0000:0000:0001:0000:0000:0001', '2001:db8::1:0:0:1'],
  ['2001:0db8:0000:0001:0001:0001:0001:0001', '2001:db8:0:1:1:1:1:1'],
  ['fe80:0000:0000:0000:0000:0000:0000:0000', 'fe80::'],
  ['', ''],
])('%s is written %s', (text, canonical) => {
  expect(canonicalAddress(text)).toBe(canonical)
})

test('every IPv6 address is written as the URL standard writes it, which follows RFC 5952', () => {
  const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }))
  fc.assert(
    fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
      const full = groups.map((value) => value.toString(16).padStart(4, '0')).join(':')
      fc.pre(!full.startsWith('0000:0000:0000:0000:0000:ffff'))
      expect(canonicalAddress(full)).toBe(new URL(`http://[${full}]`).hostname.slice(1, -1))
    }),
  )
})
