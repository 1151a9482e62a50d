import { describe, expect, test } from 'vitest'
import { ConnectEvent } from '../../src/events/connect-event.ts'
import { MessageEvent } from '../../src/events/message-event.ts'
import { compileTextExpression } from '../../src/mapping/text-expression.ts'

const record = {
  ...{ connectionId: 'L0SM9cOFvHcCIhw=', apiId: 'chat', stage: 'dev', connectedAt: 1, sourceIp: '203.0.113.9' },
  ...{ userAgent: null, domainName: 'localhost', authorizer: { team: 'red' }, identity: null, userId: 'ada' },
}
const variables = { hall: 'east' }
const message = (body: string) => new MessageEvent(record, 'join', body, 1)
const textFor = (text: string, body = '{}') => compileTextExpression(text, variables).evaluate(message(body))

describe('a text with expressions', () => {
  test.each([
    ['lobby', '{}', 'lobby'],
    ['', '{}', ''],
    ['$ and } and $5', '{}', '$ and } and $5'],
    ['${stageVariables.hall}-hall', '{}', 'east-hall'],
    ['${request.body.room}', '{"room":"attic"}', 'attic'],
    ['${request.body.room}', '{"room":""}', ''],
    ['${request.body.room}', '{"room":"${context.stage}"}', '${context.stage}'],
    ['${request.body.a.b[1]}/${context.connection.userId}', '{"a":{"b":["x","y"]}}', 'y/ada'],
    ["${request.body['a b']}!", '{"a b":"z"}', 'z!'],
    ['${context.authorizer.team}:${context.stage}', '{}', 'red:dev'],
  ])('%s of %s is %s', (text, body, result) => {
    expect(textFor(text, body)).toBe(result)
  })

  test('is the same for every event where it has no variable of one', () => {
    expect(compileTextExpression('${stageVariables.hall}-1', variables).constant).toBe('east-1')
    expect(compileTextExpression('${context.stage}', variables).constant).toBeNull()
  })

  test.each([
    ['${request.body.room}', '{}'],
    ['${request.body.room}', '{"room":7}'],
    ['${request.body.room}', '{"room":null}'],
    ['${request.body.room}', '{"room":["x"]}'],
    ['${request.body.room}', 'no JSON'],
    ['${request.body.room}', ''],
    ['${context.authorizer.none}', '{}'],
    ['${context.connection.attributes.none}', '{}'],
    ['${request.querystring.room}', '{}'],
  ])('%s of %s says what is missing', (text, body) => {
    expect(() => textFor(`x-${text}`, body)).toThrow(`${text.slice(2, -1)} is missing, or is no text`)
  })

  test('reads a handshake: the last value of a header or of a parameter', () => {
    const event = new ConnectEvent(record, 1, null)
    event.request = {
      headers: [['X-Room', 'blue']],
      query: [
        ['room', 'a'],
        ['room', 'b'],
      ],
    }
    const { evaluate } = compileTextExpression('${request.header.x-room}/${request.querystring.room}', {})
    expect(evaluate(event)).toBe('blue/b')
  })

  test.each([
    '${}',
    '${request.body}',
    '${request.body.a.*}',
    '${request.body..a}',
    '${request.path.a}',
    '${route.request.body.a}',
    "${'text'}",
    '${context.nothing}',
    '${stageVariables.none}',
    '${request.body.room',
    '$request.body.room',
    'in $context.stage',
  ])('%s can not be compiled', (text) => {
    expect(() => compileTextExpression(text, variables)).toThrow(/allowed|is no variable|the stage has no/)
  })
})
