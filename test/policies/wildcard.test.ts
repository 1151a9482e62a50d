import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anyOne, anyRun, createMatcher, type PatternPart } from '../../src/policies/wildcard.ts'

/** The plainest matcher that there is: every way to share the text out is tried. */
function matchesNaively(parts: readonly PatternPart[], text: string): boolean {
  const [first, ...others] = parts
  if (first === undefined) return text === ''
  if (first === anyOne) return text !== '' && matchesNaively(others, text.slice(1))
  if (first === anyRun) {
    for (let taken = 0; taken <= text.length; taken++) if (matchesNaively(others, text.slice(taken))) return true
    return false
  }
  return text.startsWith(first) && matchesNaively(others, text.slice(first.length))
}

const letters = fc.string({ unit: fc.constantFrom('a', 'b', '/', ':', '*', '?'), maxLength: 4 })
const part = fc.oneof(letters, fc.constant(anyRun), fc.constant(anyOne))

describe('a wildcard pattern', () => {
  it('matches what the plainest matcher matches', () => {
    fc.assert(
      fc.property(
        fc.array(part, { maxLength: 7 }),
        fc.string({ unit: fc.constantFrom('a', 'b', '/', ':', '*', '?'), maxLength: 12 }),
        (parts, text) => {
          expect(createMatcher(parts)(text)).toBe(matchesNaively(parts, text))
        },
      ),
      { numRuns: 3_000 },
    )
  })

  it('matches every text that is made of it', () => {
    const filled = fc.array(
      fc.oneof(
        letters.map((text) => ({ part: text as PatternPart, text })),
        letters.map((text) => ({ part: anyRun as PatternPart, text })),
        fc.constantFrom('x', '*', ':').map((text) => ({ part: anyOne as PatternPart, text })),
      ),
      { maxLength: 8 },
    )
    fc.assert(
      fc.property(filled, (pieces) => {
        const text = pieces.map((piece) => piece.text).join('')
        expect(createMatcher(pieces.map((piece) => piece.part))(text)).toBe(true)
      }),
    )
  })

  it('looks at long texts in bounded time, whatever the pattern', () => {
    const trap = Array.from({ length: 1_000 }, (): PatternPart[] => [anyRun, 'a', anyOne]).flat()
    const start = performance.now()
    expect(createMatcher([...trap, 'b'])('a'.repeat(8_192))).toBe(false)
    // Backtracking would outlive everybody.
    expect(performance.now() - start).toBeLessThan(5_000)
  })
})
