import fc from 'fast-check'
import { expect, test } from 'vitest'
import { addressText } from '../../src/transport/ip-address.ts'

function bytesOf(groups: readonly number[]): ArrayBuffer {
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff])).buffer
}

test.each([
  [[0xc000, 0x0201], '192.0.2.1'],
  [[0, 0, 0, 0, 0, 0xffff, 0xc000, 0x0201], '192.0.2.1'],
  [[0, 0, 0, 0, 0, 0, 0, 1], '::1'],
  [[0, 0, 0, 0, 0, 0, 0, 0], '::'],
  [[0x2001, 0xdb8, 0, 0, 1, 0, 0, 1], '2001:db8::1:0:0:1'],
  [[0x2001, 0xdb8, 0, 1, 1, 1, 1, 1], '2001:db8:0:1:1:1:1:1'],
  [[0xfe80, 0, 0, 0, 0, 0, 0, 0], 'fe80::'],
  [[], ''],
])('%j is written %s', (groups, text) => {
  expect(addressText(bytesOf(groups))).toBe(text)
})

test('every IPv6 address is written as the URL standard writes it, which follows RFC 5952', () => {
  const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }))
  fc.assert(
    fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
      fc.pre(!(groups.slice(0, 5).every((value) => value === 0) && groups[5] === 0xffff))
      const full = groups.map((value) => value.toString(16)).join(':')
      expect(addressText(bytesOf(groups))).toBe(new URL(`http://[${full}]`).hostname.slice(1, -1))
    }),
  )
})
