import fc from 'fast-check'
import { Packr } from 'msgpackr'
import { describe, expect, test } from 'vitest'
import { maxRecordBytes, packRecord, unpackRecord } from '../../../src/registry/redis/record-codec.ts'
import type { ConnectionRecord } from '../../../src/vocabulary/connection.ts'
import { principalUser, userIdOf } from '../../../src/vocabulary/connection-user.ts'

const packr = new Packr({ useRecords: false })
const id = 'L0SM9cOFvHcCIhw='
// A later reader would take the name for the prototype: msgpackr gives it back under another one.
const key = fc.string().filter((text) => text !== '__proto__')
const record = fc.record<ConnectionRecord>({
  connectionId: fc.constant(id),
  apiId: fc.string(),
  stage: fc.string(),
  connectedAt: fc.maxSafeInteger(),
  sourceIp: fc.string(),
  userAgent: fc.option(fc.string()),
  domainName: fc.string(),
  authorizer: fc.option(fc.dictionary(key, fc.string())),
  identity: fc.option(fc.dictionary(key, fc.string())),
})
const plain = (value: ConnectionRecord) => ({
  ...value,
  authorizer: value.authorizer && { ...value.authorizer },
  identity: value.identity && { ...value.identity },
})

describe('a record in Redis', () => {
  test('is read as it was written', () => {
    fc.assert(
      fc.property(record, (written) => {
        const read = unpackRecord(id, packRecord(written))
        expect(read && plain(read)).toEqual(plain(written))
      }),
    )
  })

  test('may have members that we do not know behind those that we do', () => {
    const bytes = packr.pack([
      'chat',
      'dev',
      1,
      '127.0.0.1',
      null,
      'localhost',
      { a: 'b' },
      null,
      'ada',
      null,
      { group: 7 },
      'more',
    ])
    expect(unpackRecord(id, bytes)).toMatchObject({ apiId: 'chat', authorizer: { a: 'b' }, userId: 'ada' })
  })

  test('of an earlier version has no identity', () => {
    const bytes = packr.pack(['chat', 'dev', 1, '127.0.0.1', null, 'localhost', { a: 'b' }])
    expect(unpackRecord(id, bytes)).toMatchObject({ authorizer: { a: 'b' }, identity: null })
  })

  test('has a user and attributes, where they say more than the authorizer does', () => {
    const base = ['chat', 'dev', 1, '127.0.0.1', null, 'localhost', { principalId: 'ada' }, null] as const
    const plain = unpackRecord(id, packr.pack(base)) as ConnectionRecord
    const rows: [Partial<ConnectionRecord>, number, string | null][] = [
      [{}, 8, 'ada'],
      [{ userId: 'ada', attributes: null }, 8, 'ada'],
      [{ userId: null }, 10, null],
      [{ userId: '\0é😀'.repeat(20), attributes: { room: 'attic', constructor: '' } }, 10, '\0é😀'.repeat(20)],
      [{ userId: 'ada', attributes: { room: 'x'.repeat(2044) } }, 10, 'ada'],
    ]
    for (const [members, length, userId] of rows) {
      const bytes = packRecord({ ...plain, ...members })
      expect(packr.unpack(bytes)).toHaveLength(length)
      const read = unpackRecord(id, bytes) as ConnectionRecord
      expect(userIdOf(read)).toBe(userId)
      expect(read.attributes ?? null).toEqual(members.attributes ?? null)
    }
    expect(principalUser({ principalId: 'x'.repeat(257) })).toBeNull()
    const bad: unknown[][] = [
      [7],
      [''],
      ['x'.repeat(257), null],
      [{ group: 7 }, 'more'],
      ['ada', 'room'],
      ['ada', { room: 7 }],
      ['ada', { 'a b': '' }],
      ['ada', { room: 'x'.repeat(2045) }],
      ['ada', Object.fromEntries(Array.from({ length: 33 }, (_, index) => [`a${index}`, '']))],
    ]
    for (const members of bad) expect(unpackRecord(id, packr.pack([...base, ...members]))).toBeNull()
  })

  test('that is none is null, whatever it is: it never throws, and nothing large is made of it', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void unpackRecord(id, Buffer.from(bytes))))
    fc.assert(
      fc.property(fc.array(fc.anything({ maxDepth: 2 }), { maxLength: 9 }), (value) => {
        const read = unpackRecord(id, packSafely(value))
        if (read === null) return
        for (const member of [read.apiId, read.stage, read.sourceIp, read.domainName])
          expect(member).toBeTypeOf('string')
        expect(Object.values({ ...read.authorizer, ...read.identity }).every((each) => typeof each === 'string')).toBe(
          true,
        )
      }),
    )
    const wire = ['chat', 'dev', 1, '127.0.0.1', null, 'localhost', null, null]
    expect(unpackRecord(id, packr.pack([...wire, Array(20_000).fill([])]))).toBeNull()
    expect(unpackRecord(id, packr.pack([...wire, 'x'.repeat(maxRecordBytes)]))).toBeNull()
    expect(unpackRecord(id, packr.pack([...wire, new Date()]))).toBeNull()
    for (const bad of [
      ['chat'],
      [...wire.slice(0, 6), { a: 1 }],
      [...wire.slice(0, 6), ['x']],
      [7, ...wire.slice(1)],
      [...wire.slice(0, 7), { a: 1 }],
    ])
      expect(unpackRecord(id, packr.pack(bad))).toBeNull()
  })
})

function packSafely(value: unknown): Buffer {
  try {
    return packr.pack(value)
  } catch {
    return Buffer.alloc(1)
  }
}
