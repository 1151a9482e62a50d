import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createBoundedLines } from '../../src/supervisor/bounded-lines.ts'

function linesOf(text: string, cuts: readonly number[], maxLength: number): string[] {
  const lines: string[] = []
  const bounded = createBoundedLines(maxLength, (line) => void lines.push(line))
  const bytes = Buffer.from(text)
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  places.forEach((from, i) => void bounded.add(bytes.subarray(from, places[i + 1] ?? from)))
  bounded.end()
  bounded.end()
  return lines
}

/** The lines that should come out, found with the whole text at hand. */
function expected(text: string, maxLength: number): string[] {
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  return lines.map((line) => `${line.slice(0, maxLength)}\n`)
}

test('lines are the same wherever the stream is cut, inside of a character too', () => {
  const text = fc.stringMatching(/^[aé😀\n]{0,40}$/u)
  fc.assert(
    fc.property(text, fc.array(fc.nat()), (given, cuts) => {
      expect(linesOf(given, cuts, 1_000)).toEqual(expected(given, 1_000))
    }),
  )
})

test('a line that is too long is cut, and the next one is whole again', () => {
  const text = fc.stringMatching(/^[ab\n]{0,60}$/)
  fc.assert(
    fc.property(text, fc.array(fc.nat()), fc.integer({ min: 1, max: 5 }), (given, cuts, maxLength) => {
      expect(linesOf(given, cuts, maxLength)).toEqual(expected(given, maxLength))
    }),
  )
})
