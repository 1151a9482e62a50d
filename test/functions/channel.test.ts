import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createFrameReader, encodeFrame } from '../../src/functions/channel.mjs'

test('frames come out as they went in, wherever the bytes are cut', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme' })), fc.array(fc.nat()), (texts, cuts) => {
      const bytes = Buffer.concat(texts.map(encodeFrame))
      const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)
      const read: string[] = []
      const reader = createFrameReader(1_000_000, (text) => void read.push(text))
      for (let i = 1; i < at.length; i++) reader(bytes.subarray(at[i - 1], at[i]))
      expect(read).toEqual(texts)
    }),
  )
})

test('a frame that says it is too large is refused before its bytes come', () => {
  const reader = createFrameReader(10, () => {})
  reader(encodeFrame('0123456789'))
  expect(() => reader(Buffer.from([11, 0, 0, 0]))).toThrow(RangeError)
})

test('a frame of 6 MB in small pieces is not copied for each of them', () => {
  const bytes = encodeFrame('x'.repeat(6_000_000))
  let length = 0
  const reader = createFrameReader(7_000_000, (text) => {
    length = text.length
  })
  const before = process.cpuUsage()
  for (let i = 0; i < bytes.length; i += 1_024) reader(bytes.subarray(i, i + 1_024))
  expect(length).toBe(6_000_000)
  // Copied each time, it would be 18 GB.
  expect(process.cpuUsage(before).user).toBeLessThan(2_000_000)
})
