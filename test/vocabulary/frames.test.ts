import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { textFrame } from '../../src/vocabulary/frames.ts'
import { anyText } from '../helpers/any-text.ts'

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const textOf = (bytes: Uint8Array) => Buffer.from(textFrame(bytes)).toString()

describe('a text frame', () => {
  it('is the very bytes that came when they are valid UTF-8', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const bytes = new TextEncoder().encode(text)
        expect(textFrame(bytes)).toBe(bytes)
      }),
    )
  })

  it('agrees with TextDecoder on any bytes, also on a view into a larger buffer', () => {
    // Bytes near the edges of the UTF-8 tables: continuations, overlong starts, surrogates, above U+10FFFF.
    const edge = fc.constantFrom(
      0x00,
      0x41,
      0x7f,
      0x80,
      0xbf,
      0xc0,
      0xc2,
      0xe0,
      0xa0,
      0xed,
      0x9f,
      0xf0,
      0x90,
      0xf4,
      0xff,
    )
    const bytes = fc.array(fc.oneof(edge, fc.nat(255)), { maxLength: 40 })
    fc.assert(
      fc.property(bytes, fc.nat(5), (values, offset) => {
        const view = Uint8Array.from([...Array(offset).fill(0xf4), ...values]).subarray(offset)
        expect(textOf(view)).toBe(decoder.decode(view))
      }),
      { numRuns: 2000 },
    )
  })

  it.each([
    ['a lone byte', [0xff], '\ufffd'],
    ['a truncated sequence, once', [0x41, 0xe2, 0x82], 'A\ufffd'],
    ['every byte of an overlong slash', [0xc0, 0xaf], '\ufffd\ufffd'],
    ['every byte of a surrogate', [0xed, 0xa0, 0x80], '\ufffd\ufffd\ufffd'],
    ['good text around bad bytes', [0xc3, 0xa9, 0x80, 0x21], 'é\ufffd!'],
    ['a byte order mark and a bad byte', [0xef, 0xbb, 0xbf, 0xff], '\ufeff\ufffd'],
  ])('replaces %s', (_, values, text) => {
    expect(textOf(Uint8Array.from(values))).toBe(text)
  })

  it('leaves a text and an empty body as they are', () => {
    expect(textFrame('\ud800é')).toBe('\ud800é')
    expect(textOf(new Uint8Array())).toBe('')
  })
})
