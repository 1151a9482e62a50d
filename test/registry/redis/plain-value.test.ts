import fc from 'fast-check'
import { Packr } from 'msgpackr'
import { describe, expect, test } from 'vitest'
import { isPlainValue } from '../../../src/registry/redis/plain-value.ts'

const packr = new Packr({ useRecords: false })
const plain = fc.anything({
  values: [
    fc.boolean(),
    fc.integer(),
    fc.maxSafeInteger(),
    fc.double(),
    fc.string(),
    fc.constant(null),
    fc.string({ minLength: 250, maxLength: 300 }),
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  ],
  maxDepth: 6,
  maxKeys: 20,
})

function unpack(bytes: Uint8Array): unknown {
  try {
    return packr.unpack(bytes)
  } catch (error) {
    expect(String(error)).toMatch('Invalid property type') // a map whose key is an array
    return null
  }
}

function isPlainObject(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return value !== undefined && typeof value !== 'function'
  if (Buffer.isBuffer(value) || value instanceof Uint8Array) return true
  if (!Array.isArray(value) && Object.getPrototypeOf(value) !== Object.prototype) return false
  return Object.values(value).every(isPlainObject)
}

/** Of an array of that many items. */
function arrayOf(count: number): Buffer {
  const head = Buffer.alloc(5, 0xdd)
  head.writeUInt32BE(count, 1)
  return head
}

describe('a plain value', () => {
  test('is whatever we pack, as a whole', () => {
    fc.assert(
      fc.property(plain, (value) => {
        const bytes = packr.pack(value)
        expect(isPlainValue(bytes, 100_000)).toBe(true)
        expect(isPlainValue(Buffer.concat([bytes, Buffer.alloc(1)]), 100_000)).toBe(false)
        for (let length = 0; length < Math.min(bytes.length, 50); length++)
          expect(isPlainValue(bytes.subarray(0, length), 100_000)).toBe(false)
      }),
    )
  })

  test('unpacks to nothing but plain values, if at all', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        if (isPlainValue(bytes, 1_000)) expect(isPlainObject(unpack(bytes))).toBe(true)
      }),
      { numRuns: 20_000 },
    )
  })

  test('is no extension: no date, set, undefined or record', () => {
    for (const value of [new Date(), undefined, [1, undefined], new Map([[1, new Date()]])]) {
      expect(isPlainValue(packr.pack(value), 1_000), String(value)).toBe(false)
    }
    for (const token of [0xc1, 0xc7, 0xc8, 0xc9, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8]) {
      expect(isPlainValue(Buffer.from([token, ...Buffer.alloc(64)]), 1_000), `${token}`).toBe(false)
    }
    const record = Buffer.concat([Buffer.from([0xd4, 0x72, 0x40]), packr.pack(['a', 'b']), Buffer.from([1, 2])])
    expect(packr.unpack(record)).toEqual({ a: 1, b: 2 })
    expect(isPlainValue(record, 1_000)).toBe(false)
  })

  test('has no more items than may be, and says so without looking further', () => {
    expect(isPlainValue(packr.pack([1, [2, 3], { a: 4 }]), 8)).toBe(true)
    expect(isPlainValue(packr.pack([1, [2, 3], { a: 4 }]), 7)).toBe(false)
    const bomb = Buffer.concat([arrayOf(8_000_000), Buffer.alloc(8_000_000, 0x90)])
    const before = process.cpuUsage()
    expect(isPlainValue(bomb, 300_000)).toBe(false)
    expect(process.cpuUsage(before).user).toBeLessThan(1_000_000)
  })

  test('is not deep, and claims no more than there are bytes', () => {
    expect(isPlainValue(Buffer.alloc(200_000, 0x91), 1_000_000)).toBe(false)
    expect(isPlainValue(Buffer.concat([arrayOf(0xffffffff), Buffer.alloc(100)]), 1e12)).toBe(false)
    expect(isPlainValue(Buffer.from([0xc6, 0xff, 0xff, 0xff, 0xff, 1]), 10)).toBe(false)
  })
})
