import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createFunctionOutput, type FunctionOutput } from '../../src/functions/output.ts'
import { type RecordedLog, recordLog } from '../helpers/record-log.ts'

let log: RecordedLog
let output: FunctionOutput
let stream: PassThrough

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  log = recordLog()
  output = createFunctionOutput(log)
  stream = new PassThrough()
  output.read(stream, 'stdout', () => 'running')
})

afterEach(() => {
  output.close()
  vi.useRealTimers()
})

/** Resolves when the stream has handed on what was written before. */
const written = (data: string | Buffer) => new Promise((resolve) => stream.write(data, () => setImmediate(resolve)))

const messages = () => log.entries.map(({ message }) => message)

test('a line may come in pieces, with a character cut in two', async () => {
  const bytes = Buffer.from('grüße\nrest')
  await written(bytes.subarray(0, 3))
  await written(bytes.subarray(3))
  expect(messages()).toEqual(['grüße'])
  stream.end()
  stream.destroy()
  await vi.waitFor(() => expect(messages()).toEqual(['grüße', 'rest']), { timeout: 20_000 })
})

test('a record says its own level and request, a plain line belongs to the call that runs', async () => {
  await written('\u001eWabc=\tone\rtwo\nplain\n\u001eI\tbetween calls\n')
  expect(log.entries).toEqual([
    { level: 'warn', fields: { requestId: 'abc=' }, message: 'one\ntwo' },
    { level: 'info', fields: { requestId: 'running' }, message: 'plain' },
    { level: 'info', fields: {}, message: 'between calls' },
  ])
})

test('empty lines and broken records do no harm', async () => {
  await written('\n\n\u001e\n\u001eX\n')
  expect(log.entries.every(({ level }) => level === 'info')).toBe(true)
})

test('more than 1000 lines in a second are dropped, and counted', async () => {
  await written('x\n'.repeat(1_500))
  expect(messages()).toHaveLength(1_000)
  vi.advanceTimersByTime(1_000)
  expect(log.entries.at(-1)).toEqual({
    level: 'warn',
    fields: { dropped: 500 },
    message: 'lines of the function dropped',
  })
  await written('next\n')
  expect(messages().at(-1)).toBe('next')
})

test('after a megabyte in a second the pipe is left alone until the next one', async () => {
  await written(Buffer.alloc(1_048_577, 'x'))
  expect(stream.isPaused()).toBe(true)
  vi.advanceTimersByTime(1_000)
  expect(stream.isPaused()).toBe(false)
})
