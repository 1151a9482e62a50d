import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MessageEvent } from '../../src/events/message-event.ts'
import { compileAccessLog, createAccessLog } from '../../src/observability/access-log.ts'

function eventOf(userAgent: string | null = 'demo/1.0'): MessageEvent {
  const connection = {
    connectionId: 'L0SM9cOFvHcCIhw=',
    apiId: 'chat',
    stage: 'dev',
    connectedAt: 1_759_651_750_119,
    sourceIp: '203.0.113.9',
    userAgent,
    domainName: '127.0.0.1:8080',
    authorizer: { principalId: 'user-7', 'my-prop': 'hyphen' },
    identity: null,
  }
  return new MessageEvent(connection, 'send', '{}', 1_759_651_753_377)
}

const json = `{"requestId":"$context.requestId","ip":"$context.identity.sourceIp","requestTime":"$context.requestTime","eventType":"$context.eventType","routeKey":"$context.routeKey","status":"$context.status","connectionId":"$context.connectionId"}`

test('the typical JSON format makes a line of JSON', () => {
  const event = eventOf()
  event.status = 200
  expect(JSON.parse(compileAccessLog(json)(event))).toEqual({
    requestId: event.requestId,
    ip: '203.0.113.9',
    requestTime: '05/Oct/2025:08:09:13 +0000',
    eventType: 'MESSAGE',
    routeKey: 'send',
    status: '200',
    connectionId: 'L0SM9cOFvHcCIhw=',
  })
})

test.each([
  [
    'CLF',
    '$context.identity.sourceIp - - [$context.requestTime] "$context.eventType $context.routeKey $context.connectionId" $context.status - $context.requestId',
    '203.0.113.9 - - [05/Oct/2025:08:09:13 +0000] "MESSAGE send L0SM9cOFvHcCIhw=" - - RID',
  ],
  ['CSV', '$context.stage,$context.apiId,$context.requestId', 'dev,chat,RID'],
  ['XML', '<r id="$context.requestId"> <s>$context.status</s> </r>', '<r id="RID"> <s>-</s> </r>'],
  ['adjacent', '$context.requestId$context.apiId-$context.stage.', 'RIDchat-dev.'],
  ['hyphens', '$context.requestId-x $context.authorizer.my-prop', 'RID-x hyphen'],
  ['a dollar that starts no name', '$ $5 $context.requestId', '$ $5 RID'],
])('a format in %s is printed as it stands, with the values in it', (_, format, expected) => {
  const event = eventOf()
  expect(compileAccessLog(format)(event)).toBe(expected.replace('RID', event.requestId))
})

test('a variable that is not set prints a hyphen', () => {
  const line = compileAccessLog(
    '$context.requestId|$context.error.message|$context.identity.userAgent|$context.authorizer.no',
  )
  expect(line(eventOf(null)).split('|').slice(1)).toEqual(['-', '-', '-'])
  expect(line(eventOf('')).split('|')[2]).toBe('-')
})

test('error.messageString brings its quotes, set or not', () => {
  const line = compileAccessLog('{"id":"$context.requestId","error":$context.error.messageString}')
  const event = eventOf()
  expect(JSON.parse(line(event)).error).toBe('-')
  event.failure = { message: 'say "no"\n', responseType: 'DEFAULT_5XX', validationErrorString: null }
  expect(JSON.parse(line(event)).error).toBe('say "no"\n')
})

test.each([
  ['$context.requestid', 'there is no variable $context.requestid; did you mean $context.requestId?'],
  ['$context.requestId $context.identity.ip', 'there is no variable $context.identity.ip'],
  ['$context.requestId.extra', 'there is no variable $context.requestId.extra'],
  ['$context.stage', 'the format must contain $context.requestId'],
  ['', 'the format must contain $context.requestId'],
  ['$context.requestId $input.body', '$input.body is not a variable; access logs know $context.… only'],
  ['$context', '$context is not a variable; access logs know $context.… only'],
  [`$context.requestId${'é'.repeat(1600)}`, 'the format has 3218 bytes; at most 3072 are allowed'],
  ['$context.requestId\n$context.stage', 'the format must be one line (in YAML, write it after `>-`)'],
])('at load the format %j is a fault', (format, message) => {
  expect(() => compileAccessLog(format)).toThrow(message)
})

test('extendedRequestId may stand for requestId, its equal', () => {
  const event = eventOf()
  expect(compileAccessLog('$context.extendedRequestId')(event)).toBe(event.requestId)
})

test('a line feed at the end of a format, as YAML blocks leave it, is no fault', () => {
  const event = eventOf()
  expect(compileAccessLog('$context.requestId\n')(event)).toBe(event.requestId)
})

test('no User-Agent can break a line of JSON, leave its quotes, or start a line of its own', () => {
  const line = compileAccessLog('{"requestId":"$context.requestId","agent":"$context.identity.userAgent"}')
  const hostile = fc.string({
    unit: fc.constantFrom(
      'a',
      '"',
      '\\',
      '\n',
      '\r',
      '\t',
      '\0',
      '\u001b',
      '\u007f',
      '\u0085',
      '\u2028',
      '}',
      ',',
      'é',
    ),
    minLength: 1,
  })
  fc.assert(
    fc.property(hostile, (userAgent) => {
      const written = line(eventOf(userAgent))
      expect(JSON.parse(written).agent).toBe(userAgent)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there
      expect(written).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/)
    }),
  )
})

test('a value is cut at 4096 characters', () => {
  const line = compileAccessLog('$context.requestId $context.identity.userAgent')
  expect(line(eventOf('x'.repeat(100_000))).length).toBe(16 + 1 + 4096 + 1)
})

test('one event is one line', () => {
  const written: string[] = []
  const access = createAccessLog('$context.requestId', { write: (line) => void written.push(line) })
  const events = [eventOf(), eventOf()]
  for (const event of events) access(event)
  expect(written).toEqual(events.map((event) => `${event.requestId}\n`))
})
