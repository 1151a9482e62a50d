import { expect, test } from 'vitest'
import { createHistory } from '../../src/management/playground/history.js'
import { byteLength, closeMeanings, messageFor, prettyJson, sizeText } from '../../src/management/playground/text.js'
import { closeReasons } from '../../src/vocabulary/close-reasons.ts'

test('a close is explained by every row of the table with its code and reason', () => {
  const meanings = closeMeanings(closeReasons, 1001, 'Going away', false)
  expect(meanings.map((meaning) => meaning.split(':')[0])).toEqual([
    'idleTimeout',
    'lifetimeReached',
    'shuttingDown',
    'stageRemoved',
    'workerBuried',
  ])
  expect(closeMeanings(closeReasons, 1009, 'Message too big', false)).toEqual([
    `messageTooBig: ${closeReasons.messageTooBig.when}`,
  ])
})

test('each reason of the table with which the gateway closes has a meaning on the page', () => {
  for (const [name, { code, text }] of Object.entries(closeReasons)) {
    expect(closeMeanings(closeReasons, code, text, false).join('\n'), name).toContain(`${name}: `)
  }
})

test('other codes get the meaning of the RFC, or of the range that they are from', () => {
  expect(closeMeanings(closeReasons, 1011, '', false)).toEqual(['The server met a fault.'])
  expect(closeMeanings(closeReasons, 4321, 'x', false)).toEqual(['A code of the application.'])
  expect(closeMeanings(closeReasons, 3000, '', false)).toEqual(['A registered code of a library.'])
  expect(closeMeanings(closeReasons, 2999, '', false)).toEqual(['No known meaning.'])
  expect(closeMeanings(closeReasons, 1000, '', true)).toEqual(['This page closed the connection.'])
})

test.each([
  ['$request.body.action', '{"action":"send"}'],
  ['${request.body.action}', '{"action":"send"}'],
  ['$request.body.service.do', '{"service":{"do":"send"}}'],
])('%s begins a message for a route', (expression, json) => {
  expect(JSON.parse(messageFor(expression, 'send') ?? '')).toEqual(JSON.parse(json))
})

test.each([null, '', 'action', '\\$default', '${request.body.a}/${request.body.b}', '$request.body.a[0]'])(
  'an expression like %j begins none',
  (expression) => expect(messageFor(expression, 'send')).toBeNull(),
)

test('only objects and lists are spread over lines', () => {
  expect(prettyJson('{"a":[1]}')).toBe('{\n  "a": [\n    1\n  ]\n}')
  for (const text of ['', '1', '"x"', 'null', '{', '[1', 'hello']) expect(prettyJson(text)).toBeNull()
})

test('sizes are of UTF-8, in words', () => {
  expect(byteLength('é€😀')).toBe(9)
  expect([0, 1023, 1024, 131_072, 5 * 1024 * 1024].map(sizeText)).toEqual([
    '0 B',
    '1023 B',
    '1.0 KB',
    '128.0 KB',
    '5.0 MB',
  ])
})

function storageOf(initial: string | null = null) {
  let stored = initial
  return {
    getItem: () => stored,
    setItem: (_: string, value: string) => {
      stored = value
    },
    stored: () => JSON.parse(stored ?? '[]'),
  }
}

test('the history is walked from the newest to the oldest and back to the draft', () => {
  const history = createHistory(storageOf())
  for (const text of ['one', 'two']) history.add(text)
  expect(history.older('draft')).toBe('two')
  expect(history.older('two')).toBe('one')
  expect(history.older('one')).toBeNull()
  expect(history.newer()).toBe('two')
  expect(history.newer()).toBe('draft')
  expect(history.newer()).toBeNull()
})

test('the history is kept, holds a text once, and has a limit in entries and in size', () => {
  const storage = storageOf()
  const history = createHistory(storage)
  for (let i = 0; i < 60; i++) history.add(`message ${i}`)
  history.add('message 20')
  history.add('x'.repeat(20_001))
  history.add('')
  expect(storage.stored()).toHaveLength(50)
  expect(storage.stored().at(-1)).toBe('message 20')
  expect(createHistory(storage).older('')).toBe('message 20')
})

test.each(['{', '{"a":1}', 'null', '[1,null,"kept"]'])('a stored history of %s does no harm', (stored) => {
  expect(createHistory(storageOf(stored)).older('')).toBe(stored.includes('kept') ? 'kept' : null)
})

test('without storage the history lasts as long as the page', () => {
  const forbidden = () => {
    throw new Error('denied')
  }
  const history = createHistory({ getItem: forbidden, setItem: forbidden })
  history.add('one')
  expect(history.older('')).toBe('one')
})
