import { Packr } from 'msgpackr'
import type { SelectedOutcome, SendOutcome } from '../../vocabulary/frames.ts'
import type { OwnerId } from '../../vocabulary/ids.ts'
import { isPlainValue } from './plain-value.ts'

/** Version of the wire format. It is raised only when the old format can't be read as the new one any more. */
export const wireVersion = 1
/** Bytes of the largest envelope that is taken: ours are split before. */
export const maxEnvelopeBytes = 8 * 1024 * 1024
/** Items and questions of the largest envelope that is taken: more would take too long to unpack, or to answer in one turn. */
const maxEnvelopeItems = 300_000
const maxQuestions = 10_000

/** The kinds of questions to a worker. The numbers are those of the wire, and are never used again. */
export const questionKinds = {
  ...{ text: 0, binary: 1, close: 2, describe: 3, list: 4, changeUser: 5 },
  // Those of group-questions.ts, where the members are described that they have.
  ...{ send: 6, closeAll: 7, join: 8, leave: 9, joinAll: 10, leaveAll: 11, size: 12, members: 13, groups: 14 },
  ...{ report: 15, sendIf: 16 },
} as const
export type QuestionKind = (typeof questionKinds)[keyof typeof questionKinds]

/**
 * A question on the wire. `first` and `second` are the kind's own: data, and the key
 * under which it replaces; code and reason; nothing; filter, and cursor
 * with limit; the change as JSON text.
 */
export type PeerQuestion = readonly [
  number: number,
  kind: number,
  connectionId: string,
  apiId: string | null,
  first: unknown,
  second: unknown,
]

export const answerCodes = { done: 0, gone: 1, full: 2, refused: 3, tooMany: 4, leftOut: 5 } as const

/** The codes of the answers to a message for one connection. */
export const sendCodes: Readonly<Record<SelectedOutcome<SendOutcome>, number>> = {
  ...{ sent: answerCodes.done, gone: answerCodes.gone, full: answerCodes.full, leftOut: answerCodes.leftOut },
}

export type PeerAnswer = readonly [number: number, code: number, payload: unknown]

/**
 * The outcome of a question to a peer: an answer, or that there is nobody (`gone`), or nobody who answers, to give one.
 */
export type PeerOutcome = PeerAnswer | 'gone' | 'unreachable'

/** All that one worker has to say to another one at a time. */
export interface Envelope {
  readonly from: OwnerId
  /** A number that rises with every envelope of a sender: one that comes again, or late, is not taken. */
  readonly serial: number
  readonly to: OwnerId
  readonly questions: readonly PeerQuestion[]
  readonly answers: readonly PeerAnswer[]
}

/** The reason why an envelope was not taken: label of `postern_registry_envelopes_refused_total`. */
export type EnvelopeFault = 'size' | 'encoding' | 'version' | 'schema'

const packr = new Packr({ useRecords: false })

export function packEnvelope({ from, serial, to, questions, answers }: Envelope): Buffer {
  return packr.pack([wireVersion, from, serial, to, questions, answers])
}

/**
 * Reads what came through Redis, where anybody may write. Members behind those that we know are ignored, so that a
 * later version may add some.
 */
export function readEnvelope(bytes: Buffer): Envelope | EnvelopeFault {
  if (bytes.length > maxEnvelopeBytes) return 'size'
  if (!isPlainValue(bytes, maxEnvelopeItems)) return 'encoding'
  let value: unknown
  try {
    value = packr.unpack(bytes)
  } catch {
    return 'encoding'
  }
  if (!Array.isArray(value)) return 'schema'
  const [version, from, serial, to, questions, answers] = value as unknown[]
  if (version !== wireVersion) return typeof version === 'number' ? 'version' : 'schema'
  if (!isOwner(from) || !isCount(serial) || !isOwner(to)) return 'schema'
  if (!Array.isArray(questions) || questions.length > maxQuestions || !questions.every(isQuestion)) return 'schema'
  if (!Array.isArray(answers) || !answers.every(isAnswer)) return 'schema'
  return { from, serial, to, questions, answers }
}

function isQuestion(value: unknown): value is PeerQuestion {
  if (!Array.isArray(value)) return false
  const [number, kind, connectionId, apiId, first, second] = value as unknown[]
  if (!isCount(number) || !isCount(kind) || typeof connectionId !== 'string') return false
  if (apiId !== null && typeof apiId !== 'string') return false
  switch (kind) {
    case questionKinds.text:
    case questionKinds.binary:
      return typeof first === 'string' || first instanceof Uint8Array
    case questionKinds.close:
      return (first === null || isCount(first)) && (second === null || typeof second === 'string')
    case questionKinds.changeUser:
      return typeof first === 'string'
    case questionKinds.list:
      return Array.isArray(first) && Array.isArray(second)
    default:
      return true // describe has no more; others are read when they are answered, at the latest with `refused`
  }
}

function isAnswer(value: unknown): value is PeerAnswer {
  return Array.isArray(value) && isCount(value[0]) && isCount(value[1])
}

function isOwner(value: unknown): value is OwnerId {
  return isCount(value) && value < 0x1000000
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
