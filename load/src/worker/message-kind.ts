import { compileJsonPath, type JsonPath } from 'postern-documents/json-path'
import { stepBudget } from 'postern-documents/regex/budget'
import { compilePart } from 'postern-documents/regex/regex'
import { maskedTextFrame } from '../client/frame-codec.ts'
import type { CheckDefinition, MessageDefinition, ReplyDefinition } from '../scenario/definition.ts'
import type { Distribution } from '../scenario/distribution.ts'
import { type ClientValues, compileMessage, type MessageValues, type Template } from '../scenario/template.ts'
import { KeyedReplies, OrderedReplies, type ReplyBook } from './reply-book.ts'

/** One entry of `messages`, compiled. */
export interface MessageKind {
  /** Index of the kind in `messages`. */
  readonly index: number
  readonly name: string
  readonly rate: number | null
  readonly every: Distribution | null
  readonly think: Distribution | null
  readonly inFlight: number
  readonly usesStamp: boolean
  readonly fanOut: { readonly self: boolean } | null
  readonly reply: ReplyKind | null
  /** The frame for one message, and the message itself where a reply is found by what stands in it. */
  encode(client: FrameCache, values: MessageValues): { readonly frame: Buffer; readonly key: string | null }
}

/** Frames that are the same for all messages of a client, by the index of their kind. */
export interface FrameCache {
  readonly values: ClientValues
  readonly frames: (Buffer | undefined)[]
}

export interface ReplyKind {
  readonly by: 'order' | 'stamp' | 'path'
  readonly timeout: number
  /** Whether a frame has to be parsed to know whether it is the reply, or a good one. */
  readonly readsFrames: boolean
  createBook(): ReplyBook
  /** Whether a frame can be the reply. */
  matches(document: unknown): boolean
  /** The key by which a frame says which message it answers; null when it has none. */
  keyOf(document: unknown): string | null
  readonly checks: readonly Check[]
}

export interface Check {
  readonly name: string
  /** Checks a reply; null when the check holds, else what was found. */
  failure(document: unknown): string | null
}

export const defaultInFlight = 1_000

export function compileKind(definition: MessageDefinition, index: number): MessageKind {
  const { rate = null, every = null, think = null, fanOut } = definition
  const name = definition.name ?? `message ${index + 1}`
  const template = compileMessage(definition.send)
  const reply = definition.reply === false ? null : compileReply(replyDefinition(definition.reply), name)
  const messageKey = reply?.by === 'path' ? messagePath(replyDefinition(definition.reply)) : null
  return {
    index,
    name,
    rate,
    every,
    think,
    inFlight: definition.inFlight ?? (think === null ? defaultInFlight : 1),
    usesStamp: template.usesStamp,
    fanOut: fanOut === false ? null : { self: fanOut === true ? true : fanOut.self },
    reply,
    encode: encoder(template, index, messageKey),
  }
}

/** `reply: true` is a reply of which nothing is said. */
export function replyDefinition(reply: MessageDefinition['reply']): ReplyDefinition {
  if (typeof reply !== 'boolean') return reply
  return { correlate: 'order', where: {}, check: {}, timeout: 10_000 }
}

function encoder(template: Template, index: number, messageKey: JsonPath | null): MessageKind['encode'] {
  if (messageKey !== null) {
    return (client, values) => {
      const text = template.render(client.values, values)
      return { frame: maskedTextFrame(text), key: keyText(messageKey.read(parse(text))) }
    }
  }
  if (template.kind === 'message') {
    return (client, values) => ({ frame: maskedTextFrame(template.render(client.values, values)), key: null })
  }
  // The same for everyone: encoded once for the process and not once for each client.
  let constant: { readonly frame: Buffer; readonly key: null } | null = null
  return (client, values) => {
    if (constant !== null) return constant
    const known = client.frames[index]
    if (known !== undefined) return { frame: known, key: null }
    const frame = maskedTextFrame(template.render(client.values, values))
    if (template.kind === 'constant') constant = { frame, key: null }
    else client.frames[index] = frame
    return { frame, key: null }
  }
}

export function compileReply(
  definition: Pick<ReplyDefinition, 'where' | 'check' | 'timeout'> & { correlate?: ReplyDefinition['correlate'] },
  name: string,
): ReplyKind {
  const { correlate = 'order', timeout } = definition
  const by = correlate === 'order' || correlate === 'stamp' ? correlate : 'path'
  const key = by !== 'path' ? null : compileJsonPath(typeof correlate === 'string' ? correlate : correlate.reply)
  const where = Object.entries(definition.where).map(([path, value]) => ({ path: compileJsonPath(path), value }))
  const checks = Object.entries(definition.check).map(([path, check]) => compileCheck(path, check, name))
  return {
    by,
    timeout,
    readsFrames: key !== null || where.length > 0 || checks.length > 0,
    createBook: () => (by === 'order' ? new OrderedReplies() : new KeyedReplies()),
    matches: (document) => where.every(({ path, value }) => path.read(document) === value),
    keyOf: (document) => (key === null ? null : keyText(key.read(document))),
    checks,
  }
}

function messagePath({ correlate }: ReplyDefinition): JsonPath {
  return compileJsonPath(typeof correlate === 'string' ? correlate : correlate.message)
}

function keyText(value: unknown): string | null {
  return value === undefined || value === null ? null : typeof value === 'string' ? value : JSON.stringify(value)
}

function compileCheck(path: string, check: CheckDefinition, name: string): Check {
  const compiled = compileJsonPath(path)
  const { words, fault } = condition(check)
  return {
    name: `reply to ${name}: ${path} ${words}`,
    failure(document) {
      const found = fault(compiled.read(document))
      return found === null ? null : `${path} ${found}`
    },
  }
}

interface Condition {
  readonly words: string
  /** The fault of a value, as the end of a sentence; null where the condition holds. */
  fault(value: unknown): string | null
}

function condition(check: CheckDefinition): Condition {
  if (typeof check !== 'object' || check === null) {
    return { words: `is ${JSON.stringify(check)}`, fault: (value) => (value === check ? null : found(value)) }
  }
  if ('exists' in check) {
    const words = check.exists ? 'exists' : 'is missing'
    return { words, fault: (value) => ((value !== undefined) === check.exists ? null : found(value)) }
  }
  return { words: `matches ${check.matches}`, fault: patternFault(check.matches) }
}

/** The steps, of three instructions each, that a pattern may take on one value: some milliseconds. */
const maxSteps = 100_000

/** The text comes from the server under test: a pattern that would take for ever on it fails the check instead. */
function patternFault(pattern: string): Condition['fault'] {
  const isIn = compilePart(pattern)
  return (value) => {
    if (typeof value !== 'string') return found(value)
    let spent = false
    const budget = stepBudget(maxSteps, () => {
      spent = true
      return new Error('steps are used up')
    })
    try {
      return isIn(value, budget) ? null : found(value)
    } catch (error) {
      if (!spent) throw error
      return `takes more than ${maxSteps} steps to match ${pattern}`
    }
  }
}

function found(value: unknown): string {
  return `is ${value === undefined ? 'missing' : JSON.stringify(value)}`
}

/** The value of a JSON text; undefined when it is no JSON. */
export function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
