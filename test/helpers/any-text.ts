import fc from 'fast-check'

/**
 * Characters of every kind that texts go wrong with: control characters, ASCII, the rest of the plane without
 * surrogates, and pairs of surrogates. The `binary` unit of fast-check has the same, and takes seconds to be set up in
 * every process.
 */
export const anyCharacter: fc.Arbitrary<string> = fc
  .oneof(
    fc.integer({ min: 0x00, max: 0x1f }),
    fc.integer({ min: 0x20, max: 0x7f }),
    fc.integer({ min: 0x80, max: 0x9f }),
    fc.integer({ min: 0xa0, max: 0xd7ff }),
    fc.integer({ min: 0xe000, max: 0xffff }),
    fc.integer({ min: 0x10000, max: 0x10ffff }),
  )
  .map((code) => String.fromCodePoint(code))

/** Texts of any characters, each well-formed UTF-16. */
export const anyText: fc.Arbitrary<string> = fc.string({ unit: anyCharacter })

/** Texts as JavaScript may hold them, halves of surrogate pairs among them. */
export const anyUtf16: fc.Arbitrary<string> = fc.string({
  unit: fc.oneof(
    anyCharacter,
    fc.integer({ min: 0xd800, max: 0xdfff }).map((code) => String.fromCharCode(code)),
  ),
})
