import { expect, test } from 'vitest'
import { createLogger } from '../../src/observability/logger.ts'
import { createReadableLines } from '../../src/observability/readable-lines.ts'

function readable(colours = false, name?: string) {
  const written: string[] = []
  const toReadable = createReadableLines({ colours })
  const destination = { write: (line: string) => void written.push(toReadable(line)) }
  return { written, log: createLogger({ level: 'debug', destination, ...(name !== undefined && { name }) }) }
}

test('a line has the time of day, the level, the message and its fields', () => {
  const { log, written } = readable()
  log.info({ host: '127.0.0.1', port: 8080, stages: ['dev'], note: 'two words', none: null }, 'listening')
  expect(written[0]).toMatch(
    /^\d\d:\d\d:\d\d\.\d{3} INFO {2}listening host=127\.0\.0\.1 port=8080 stages=\["dev"\] note="two words" none=null\n$/,
  )
})

test('the name of a worker stands before the message', () => {
  const { log, written } = readable(false, 'web-1')
  log.warn({}, 'hello')
  expect(written[0]).toMatch(/ WARN {2}\[web-1\] hello\n$/)
})

test('an error is shown below with its stack and its causes', () => {
  const { log, written } = readable()
  const cause = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
  log.error({ api: 'chat', err: new TypeError('no\nanswer', { cause }) }, 'integration failed')
  const [first, ...lines] = (written[0] as string).trimEnd().split('\n')
  expect(first).toMatch(/ ERROR integration failed api=chat$/)
  expect(lines[0]).toBe('    TypeError: no')
  expect(lines[1]).toBe('    answer')
  expect(lines[2]).toMatch(/^ {6}at .*readable-lines\.test\.ts/)
  expect(lines).toContain('    because of Error: connect ECONNREFUSED')
  expect(lines).toContain('      code=ECONNREFUSED')
})

test('nothing of a client can drive the terminal', () => {
  const { log, written } = readable()
  log.info({ route: '\u001b[2J', '\u001b[1m': 1, err: new Error('\u001b[31m\u009b') }, 'a\u0007\u202e')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  expect(written[0]).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
})

test('colours are there when they are asked for', () => {
  const { log, written } = readable(true)
  log.error({}, 'no')
  expect(written[0]).toContain('\u001b[31mERROR\u001b[39m')
})

test.each([
  ['{"requestId":"x","status":200}\n'],
  ['127.0.0.1 - - "GET /chat/dev"\n'],
  ['{"level":"info" is no JSON\n'],
  ['{"level":"info","time":"x","msg":1}\n'],
  ['\n'],
])('a line that is none of the log stays as it is: %j', (line) => {
  expect(createReadableLines({ colours: false })(line)).toBe(line)
})
