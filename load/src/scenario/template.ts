import { randomInt, randomUUID } from 'node:crypto'

/** The values of one client that placeholders of a template read. */
export interface ClientValues {
  readonly index: number
  readonly group: number
  /** Values of the scenario's variables, and those that onOpen has saved. */
  readonly vars: Record<string, string>
  readonly data: Readonly<Record<string, string>>
  readonly env: Readonly<Record<string, string>>
}

/** The values that are new with each message. */
export interface MessageValues {
  /** Number of messages of the kind that the client has sent before. */
  readonly counter: number
  readonly stamp: string
}

/** The way in which a value is filled in: as it is, inside of a JSON string, as part of a URL, or in a header field. */
export type Escape = 'none' | 'json' | 'url' | 'header'

export interface Template {
  /** `constant` is the same for everyone, `client` for each message of a client. */
  readonly kind: 'constant' | 'client' | 'message'
  readonly usesStamp: boolean
  /** The names behind `vars.`, `data.` and `env.`. */
  readonly references: readonly Reference[]
  render(client: ClientValues, message: MessageValues): string
}

export interface Reference {
  readonly family: 'vars' | 'data' | 'env'
  readonly name: string
}

/** A template that can't be compiled; the message says what is allowed. */
export class TemplateFault extends Error {
  override readonly name = 'TemplateFault'
}

/** Values for templates that are no messages. */
export const noMessage: MessageValues = { counter: 0, stamp: '' }

type Fill = (client: ClientValues, message: MessageValues) => string

interface Placeholder {
  readonly kind: Template['kind']
  /** Always digits. */
  readonly isNumber: boolean
  readonly fill: Fill
  readonly reference: Reference | null
  readonly isStamp: boolean
}

type Part = string | Placeholder

/** Every placeholder, for documentation and faults. */
export const placeholders: Readonly<Record<string, string>> = {
  index: "The client's number, from 0.",
  group: "The number of the client's group, from 0.",
  'vars.<name>': 'A variable of the scenario, or what onOpen has saved.',
  'data.<column>': "A column of the client's row in the data file.",
  'env.<NAME>': 'An environment variable of `postern load`, for secrets.',
  counter: 'How many messages of this kind the client has sent before.',
  stamp: 'Says which message this is, so that its reply, fan-out or push is known again.',
  now: 'Milliseconds since 1970.',
  isoTime: 'The time as 2025-10-05T08:09:10.119Z.',
  uuid: 'A random UUID.',
  'random(<from>,<to>)': 'A random whole number, both ends included.',
  'pick(<a>,<b>,…)': 'One of the texts, at random.',
  'pad(<n>)': 'So many letters x.',
}

/** Throws `TemplateFault`. */
export function compileTemplate(text: string, style: Escape = 'none'): Template {
  return joined(partsOf(text), style)
}

/**
 * A message: text as it is, anything else as JSON. In JSON what is filled in stays inside of its string, but a string
 * that is nothing but a placeholder for a number becomes a number: `n: '{{counter}}'` is `"n":7`.
 */
export function compileMessage(send: unknown): Template {
  return typeof send === 'string' ? compileTemplate(send) : joined(jsonParts(send), 'json')
}

function jsonParts(value: unknown): Part[] {
  if (typeof value === 'string') return jsonString(value)
  if (Array.isArray(value)) {
    return ['[', ...value.flatMap((each, i) => [i > 0 ? ',' : '', ...jsonParts(each)]), ']']
  }
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).flatMap(([name, each], i) => [
      `${i > 0 ? ',' : ''}${JSON.stringify(name)}:`,
      ...jsonParts(each),
    ])
    return ['{', ...members, '}']
  }
  return [JSON.stringify(value)]
}

function jsonString(text: string): Part[] {
  const parts = partsOf(text)
  const [only] = parts
  if (parts.length === 1 && typeof only === 'object' && only.isNumber) return [only]
  return ['"', ...parts.map((part) => (typeof part === 'string' ? escaped(part, 'json') : part)), '"']
}

function joined(parts: readonly Part[], style: Escape): Template {
  const placeholders = parts.filter((part) => typeof part === 'object')
  const kinds = new Set(placeholders.map(({ kind }) => kind))
  const pieces = mergeTexts(parts).map((part) => (typeof part === 'string' ? part : filled(part, style)))
  const template = {
    kind: kinds.has('message') ? 'message' : kinds.has('client') ? 'client' : 'constant',
    usesStamp: placeholders.some(({ isStamp }) => isStamp),
    references: placeholders.flatMap(({ reference }) => reference ?? []),
  } as const
  const [only] = pieces
  if (pieces.length === 0) return { ...template, render: () => '' }
  if (pieces.length === 1 && typeof only === 'string') return { ...template, render: () => only }
  return {
    ...template,
    render(client, message) {
      let text = ''
      for (const piece of pieces) text += typeof piece === 'string' ? piece : piece(client, message)
      return text
    },
  }
}

function mergeTexts(parts: readonly Part[]): Part[] {
  const merged: Part[] = []
  for (const part of parts) {
    const last = merged.at(-1)
    if (typeof part === 'string' && typeof last === 'string') merged[merged.length - 1] = last + part
    else if (part !== '') merged.push(part)
  }
  return merged
}

function filled({ fill, isNumber, isStamp }: Placeholder, style: Escape): Fill {
  if (style === 'none' || isNumber || isStamp) return fill
  return (client, message) => escaped(fill(client, message), style)
}

function escaped(text: string, style: Escape): string {
  switch (style) {
    case 'none':
      return text
    case 'json':
      return JSON.stringify(text).slice(1, -1)
    case 'url':
      return encodeURIComponent(text)
    case 'header':
      return text.replace(/[\r\n\0]/g, ' ')
  }
}

const mark = /\{\{\s*(.*?)\s*\}\}/gs

function partsOf(text: string): Part[] {
  const parts: Part[] = []
  let at = 0
  for (const match of text.matchAll(mark)) {
    if (match.index > at) parts.push(text.slice(at, match.index))
    parts.push(placeholder(match[1] as string))
    at = match.index + match[0].length
  }
  if (at < text.length) parts.push(text.slice(at))
  return parts
}

const plain = { reference: null, isStamp: false, isNumber: false }

const byName: Readonly<Record<string, Placeholder>> = {
  index: { ...plain, kind: 'client', isNumber: true, fill: ({ index }) => String(index) },
  group: { ...plain, kind: 'client', isNumber: true, fill: ({ group }) => String(group) },
  counter: { ...plain, kind: 'message', isNumber: true, fill: (_, { counter }) => String(counter) },
  stamp: { ...plain, kind: 'message', isStamp: true, fill: (_, { stamp }) => stamp },
  now: { ...plain, kind: 'message', isNumber: true, fill: () => String(Date.now()) },
  isoTime: { ...plain, kind: 'message', fill: () => new Date().toISOString() },
  uuid: { ...plain, kind: 'message', fill: () => randomUUID() },
}

function placeholder(text: string): Placeholder | string {
  if (Object.hasOwn(byName, text)) return byName[text] as Placeholder
  const [, family, name] = /^(vars|data|env)\.(.+)$/.exec(text) ?? []
  if (family !== undefined && name !== undefined) return lookUp(family as Reference['family'], name)
  const [, call, list] = /^(random|pick|pad)\((.*)\)$/s.exec(text) ?? []
  const given = list?.split(',').map((each) => each.trim()) ?? []
  const made = call === 'random' ? random(given) : call === 'pick' ? pick(given) : call === 'pad' ? pad(given) : null
  if (made !== null) return made
  throw new TemplateFault(
    `{{${text.slice(0, 60)}}} stands for nothing; allowed: ${Object.keys(placeholders)
      .map((each) => `{{${each}}}`)
      .join(', ')}`,
  )
}

function lookUp(family: Reference['family'], name: string): Placeholder {
  return {
    ...plain,
    kind: family === 'env' ? 'constant' : 'client',
    reference: { family, name },
    fill: (client) => (Object.hasOwn(client[family], name) ? (client[family][name] as string) : ''),
  }
}

function random(given: readonly string[]): Placeholder | null {
  if (given.length !== 2 || !given.every((each) => /^-?\d{1,12}$/.test(each))) return null
  const [from, to] = given.map(Number) as [number, number]
  if (from > to) return null
  return { ...plain, kind: 'message', isNumber: true, fill: () => String(randomInt(from, to + 1)) }
}

function pick(given: readonly string[]): Placeholder | null {
  if (given.length === 0) return null
  return { ...plain, kind: 'message', fill: () => given[Math.floor(Math.random() * given.length)] as string }
}

function pad(given: readonly string[]): string | null {
  const [length = ''] = given
  return given.length === 1 && /^\d{1,6}$/.test(length) ? 'x'.repeat(Number(length)) : null
}
