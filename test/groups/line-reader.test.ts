import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LineReader, maxLineBytes } from '../../src/groups/line-reader.ts'

test('lines are the same however their bytes are cut', () => {
  const line = fc.string({ unit: fc.constantFrom('a', 'ü', '💬', '\r', ' ', '"'), maxLength: 20 })
  fc.assert(
    fc.property(fc.array(line), line, fc.array(fc.nat(7)), (lines, last, cuts) => {
      const bytes = Buffer.from([...lines.map((each) => `${each}\n`), last].join(''))
      const reader = new LineReader()
      const found: string[] = []
      let at = 0
      for (const cut of [...cuts, bytes.length]) {
        const piece = Buffer.from(bytes.subarray(at, at + cut))
        found.push(...reader.add(piece))
        // The piece is the server's again.
        piece.fill(0)
        at += cut
      }
      expect(found).toEqual(lines)
      expect(reader.last()).toBe(last)
    }),
  )
})

test('a line has a limit, whole or in pieces', () => {
  const most = Buffer.alloc(maxLineBytes, 'x')
  expect(new LineReader().add(Buffer.concat([most, Buffer.from('\n')]))).toEqual([most.toString()])
  expect(() => new LineReader().add(Buffer.concat([most, Buffer.from('x\n')]))).toThrow(
    'a line has at most 4194304 bytes',
  )
  const reader = new LineReader()
  reader.add(most)
  expect(() => reader.add(Buffer.from('x'))).toThrow(RangeError)
})
