import fc from 'fast-check'
import { Packr } from 'msgpackr'
import { describe, expect, test } from 'vitest'
import {
  answerCodes,
  type Envelope,
  packEnvelope,
  questionKinds,
  readEnvelope,
} from '../../../src/registry/redis/envelope.ts'

const packr = new Packr({ useRecords: false })
const count = fc.nat()
const data = fc.oneof(
  fc.string(),
  fc.uint8Array().map((bytes) => Buffer.from(bytes)),
)
const apiId = fc.option(fc.string())
const question = fc.oneof(
  fc.tuple(
    count,
    fc.constantFrom(questionKinds.text, questionKinds.binary),
    fc.string(),
    apiId,
    data,
    fc.constant(null),
  ),
  fc.tuple(count, fc.constant(questionKinds.close), fc.string(), apiId, fc.option(count), fc.option(fc.string())),
  fc.tuple(count, fc.constant(questionKinds.describe), fc.string(), apiId, fc.constant(null), fc.constant(null)),
)
const answer = fc.tuple(count, fc.constantFrom(...Object.values(answerCodes)), fc.option(fc.string()))
const owner = fc.nat(0xffffff)
const envelope = fc.record<Envelope>({
  ...{ from: owner, serial: count, to: owner, questions: fc.array(question), answers: fc.array(answer) },
})

describe('an envelope', () => {
  test('is read as it was packed', () => {
    fc.assert(fc.property(envelope, (sent) => void expect(readEnvelope(packEnvelope(sent))).toEqual(sent)))
  })

  test('may have members that we do not know behind those that we do', () => {
    const bytes = packr.pack([
      1,
      7,
      1,
      8,
      [[1, questionKinds.text, 'id', null, 'x', null, 'new']],
      [[1, 0, null, 'new']],
      'new',
    ])
    expect(readEnvelope(bytes)).toMatchObject({ from: 7, to: 8 })
  })

  test('of another version, too large, truncated or of another shape is refused with its reason', () => {
    expect(readEnvelope(packr.pack([2, 7, 1, 8, [], []]))).toBe('version')
    expect(readEnvelope(Buffer.alloc(8 * 1024 * 1024 + 1))).toBe('size')
    const whole = packEnvelope({ from: 1, serial: 1, to: 2, questions: [], answers: [[1, 0, 'text']] })
    for (let length = 1; length < whole.length; length++)
      expect(readEnvelope(whole.subarray(0, length))).toBeTypeOf('string')
    const shapes = [null, 'x', {}, [], [1], [1, -1, 1, 1, [], []], [1, 1, 1, 2 ** 24, [], []], [1, 1, 1, 1, [1], []]]
    shapes.push([1, 1, 1, 1, [[1, questionKinds.text, 'id', null, 5, null]], []], [1, 1, 1, 1, [], [['x', 0]]])
    for (const shape of shapes) expect(readEnvelope(packr.pack(shape)), JSON.stringify(shape)).toBe('schema')
  })

  test('that would hold up the loop is refused before it is unpacked, or answered', () => {
    const bomb = Buffer.concat([Buffer.from([0xdd, 0, 0x70, 0, 0]), Buffer.alloc(0x700000, 0x80)])
    const before = process.cpuUsage()
    expect(readEnvelope(bomb)).toBe('encoding')
    expect(process.cpuUsage(before).user).toBeLessThan(1_000_000)
    const questions = Array.from({ length: 10_001 }, (_, i) => [i, questionKinds.describe, '', null])
    expect(readEnvelope(packr.pack([1, 1, 1, 1, questions.slice(1), []]))).toBeTypeOf('object')
    expect(readEnvelope(packr.pack([1, 1, 1, 1, questions, []]))).toBe('schema')
  })

  test('of a foreign writer never throws', () => {
    const nested = Buffer.alloc(200_000, 0x91) // an array in an array in an array …
    expect(readEnvelope(nested)).toBe('encoding')
    expect(readEnvelope(packr.pack([1, 1, 1, 1, [], [[1, 0, new Date()]]]))).toBe('encoding')
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void readEnvelope(Buffer.from(bytes))))
    fc.assert(fc.property(fc.anything(), (value) => void readEnvelope(packSafely(value))))
  })
})

function packSafely(value: unknown): Buffer {
  try {
    return packr.pack(value)
  } catch {
    return Buffer.alloc(1)
  }
}
