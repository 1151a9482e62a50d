import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  allocateConnectionId,
  allocateRequestId,
  allocateTraceId,
  allocateUuid,
  ownerOfConnectionId,
  randomOwnerId,
} from '../../src/vocabulary/ids.ts'
import { anyCharacter, anyUtf16 } from '../helpers/any-text.ts'

const shape = /^[A-Za-z0-9_-]{15}=$/
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const owner = fc.integer({ min: 0, max: 0xffffff })

describe('connection ids', () => {
  it('have the shape of those of AWS: 15 base64url characters and one "=", 11 bytes', () => {
    fc.assert(
      fc.property(owner, (value) => {
        const id = allocateConnectionId(value)
        expect(id).toMatch(shape)
        expect(Buffer.from(id, 'base64url')).toHaveLength(11)
      }),
    )
  })

  it('give their owner back', () => {
    fc.assert(fc.property(owner, (value) => ownerOfConnectionId(allocateConnectionId(value)) === value))
  })

  it('are refused after any change of a single character', () => {
    fc.assert(
      fc.property(owner, fc.nat(15), anyCharacter, (value, place, other) => {
        const id = allocateConnectionId(value)
        fc.pre(other !== id[place])
        expect(ownerOfConnectionId(id.slice(0, place) + other + id.slice(place + 1))).toBe(-1)
      }),
      { numRuns: 2000 },
    )
  })

  it('are refused after a change to any other letter of the alphabet, at every place', () => {
    const id = allocateConnectionId(0x123456)
    const passed: string[] = []
    for (let place = 0; place < 15; place++) {
      for (const letter of alphabet) {
        const changed = id.slice(0, place) + letter + id.slice(place + 1)
        if (changed !== id && ownerOfConnectionId(changed) !== -1) passed.push(changed)
      }
    }
    expect(passed).toEqual([])
  })

  it('are refused when shortened, lengthened, padded otherwise or in the letters of plain base64', () => {
    const id = allocateConnectionId(7)
    const variants = [
      id.slice(0, 15),
      id.slice(1),
      `${id}=`,
      `${id}\0`,
      ` ${id}`,
      id.replace('=', '%3D'),
      id.replace('=', ''),
      `${id.slice(0, 14)}==`,
      `+/${id.slice(2)}`,
      '',
    ]
    for (const variant of variants) expect(ownerOfConnectionId(variant), variant).toBe(-1)
  })

  it('are never of one letter: the id of zeros is malformed, as AWS refuses it', () => {
    expect(ownerOfConnectionId('AAAAAAAAAAAAAAA=')).toBe(-1)
    expect(ownerOfConnectionId('_______________=')).toBe(-1)
  })

  it('pass only one in 1,024 of made-up texts of their shape, and then name an owner of 24 bits', () => {
    const letter = fc.constantFrom(...alphabet)
    let passed = 0
    fc.assert(
      fc.property(fc.array(letter, { minLength: 15, maxLength: 15 }), (letters) => {
        const found = ownerOfConnectionId(`${letters.join('')}=`)
        if (found >= 0) passed++
        return found >= -1 && found < 2 ** 24
      }),
      { numRuns: 10_000 },
    )
    // 8 check bits and 2 bits of padding: ten expected.
    expect(passed).toBeLessThan(60)
  })

  it('refuse any text without throwing', () => {
    fc.assert(
      fc.property(fc.oneof(anyUtf16, fc.string({ minLength: 16, maxLength: 16 })), (text) =>
        Number.isInteger(ownerOfConnectionId(text)),
      ),
    )
  })
})

// More than one series of 65,536, so that the change from one to the next is among them.
const manyIds = 150_000

describe('request ids', () => {
  it('have the same shape, are unique, and never pass as connection ids', () => {
    const ids = Array.from({ length: manyIds }, allocateRequestId)
    expect(ids.filter((id) => !shape.test(id) || ownerOfConnectionId(id) !== -1)).toEqual([])
    expect(new Set(ids).size).toBe(manyIds)
  })
})

describe('UUIDs', () => {
  it('are of version 4 and unique', () => {
    const version4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
    const ids = Array.from({ length: manyIds }, allocateUuid)
    expect(ids.filter((id) => !version4.test(id))).toEqual([])
    expect(new Set(ids).size).toBe(manyIds)
  })
})

describe('trace ids', () => {
  it('carry the second in which they were made and 24 digits of their own', () => {
    expect(allocateTraceId(0x6700aa00 * 1000 + 999)).toMatch(/^Root=1-6700aa00-[0-9a-f]{24}$/)
    expect(allocateTraceId(0)).toMatch(/^Root=1-00000000-[0-9a-f]{24}$/)
    expect(allocateTraceId(0xf0000001 * 1000)).toMatch(/^Root=1-f0000001-[0-9a-f]{24}$/)
    expect(new Set(Array.from({ length: manyIds }, () => allocateTraceId(0))).size).toBe(manyIds)
  })
})

it('no worker gives out ids that a command line would take for an option', () => {
  for (let i = 0; i < 1000; i++) expect(allocateConnectionId(randomOwnerId())).not.toMatch(/^-/)
})
