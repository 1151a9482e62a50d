import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MessageEvent } from '../../src/events/message-event.ts'
import { compileRequestTemplate } from '../../src/integrations/request-template.ts'
import { templateInput } from '../../src/integrations/template-input.ts'
import { createTemplateTime, type TemplateTime } from '../../src/integrations/template-time.ts'
import type { TimedConnection } from '../../src/limits/processor-time.ts'
import { compileMappingTemplate, type MappingTemplate } from '../../src/mapping/template.ts'
import { GatewayError } from '../../src/vocabulary/errors.ts'
import { connection, definitionOf, noFault, scopeWith } from './calls.ts'

const message = new MessageEvent(connection, 'join', '{"a":1}', 1)

function clientOf(sourceIp: string): TimedConnection {
  return { sourceIp }
}

/** Whether a long rendering for the connection may go on. */
function hasForLong(time: TemplateTime, connection: TimedConnection): boolean {
  try {
    time.longRenderings(connection).begins()
    return true
  } catch (error) {
    expect((error as GatewayError).code).toBe('TEMPLATE_TIME_EXCEEDED')
    return false
  }
}

describe("the time of a connection's templates", () => {
  test('is used up by long renderings, and comes back with time', () => {
    let now = 0
    const time = createTemplateTime(() => now)
    const client = clientOf('203.0.113.9')
    for (let i = 0; i < 2; i++) {
      expect(time.has(client)).toBe(true)
      time.longRenderings(client).took(40)
    }
    expect(time.has(client)).toBe(false)
    now = 900
    expect(time.has(client)).toBe(false)
    now = 1_100
    expect(time.has(client)).toBe(true)
    expect(time.has(clientOf('203.0.113.9'))).toBe(true)
  })

  test('is bounded, whatever a client does', () => {
    const step = fc.record({ pause: fc.nat(2_000), millis: fc.double({ min: 0.1, max: 45, noNaN: true }) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let now = 0
        let taken = 0
        const time = createTemplateTime(() => now)
        const client = clientOf('203.0.113.9')
        for (const { pause, millis } of steps) {
          now += pause
          if (!time.has(client)) continue
          time.longRenderings(client).took(millis)
          taken += millis
        }
        expect(taken).toBeLessThanOrEqual(60 + 45 + (now * 20) / 1_000 + 0.001)
      }),
    )
  })

  test('messages beyond it are refused without rendering; other connections and short renderings are not', () => {
    const heavy = compileRequestTemplate(
      definitionOf({
        integrationType: 'HTTP',
        requestTemplates: { 'application/json': '#foreach($a in [1..1000])#foreach($b in [1..1000])x#end#end' },
      }),
      scopeWith(),
      noFault,
    )
    const light = compileRequestTemplate(
      definitionOf({ integrationType: 'HTTP', requestTemplates: { 'application/json': "$input.path('$.a')" } }),
      scopeWith(),
      noFault,
    )
    const [attacker, other] = [{ ...connection }, { ...connection }]
    const outcomeOf = (template: typeof heavy, record: typeof connection): string => {
      try {
        return template.render(new MessageEvent(record, 'join', '{"a":1}', 1)) ?? ''
      } catch (error) {
        return (error as GatewayError).code
      }
    }
    const outcomes = Array.from({ length: 200 }, () => outcomeOf(heavy, attacker))
    expect(outcomes[0]).toBe('API_CONFIGURATION_ERROR')
    expect(outcomes).toContain('TEMPLATE_TIME_EXCEEDED')
    expect(outcomeOf(light, attacker)).toBe('TEMPLATE_TIME_EXCEEDED')
    expect(outcomeOf(light, other)).toBe('1')
    const quiet = { ...connection }
    expect(new Set(Array.from({ length: 5_000 }, () => outcomeOf(light, quiet)))).toEqual(new Set(['1']))
  })
})

describe("the time of a network's templates", () => {
  /** Milliseconds that 30 clients take in ten seconds who connect again after each message, which takes 40. */
  function takenIn10Seconds(addressOf: (client: number, round: number) => string): number {
    let now = 0
    let taken = 0
    const time = createTemplateTime(() => now)
    for (let round = 0; now < 10_000; round++) {
      for (let client = 0; client < 30; client++) {
        const connection = clientOf(addressOf(client, round))
        if (time.has(connection) && hasForLong(time, connection)) {
          time.longRenderings(connection).took(40)
          taken += 40
          now += 40
        }
      }
      now += 50
    }
    return taken
  }

  test('is a fifth of a core, however often its clients connect again', () => {
    // What may be taken at once, and one rendering more.
    const most = 2_000 + 400 + 40
    expect(takenIn10Seconds(() => '203.0.113.9')).toBeLessThanOrEqual(most)
    expect(takenIn10Seconds((client, round) => `2001:db8:0:7:${client}:${round % 65_536}::1`)).toBeLessThanOrEqual(most)
  })

  test('is half of a core for all of them', () => {
    const most = 5_000 + 1_000 + 40
    expect(takenIn10Seconds((client) => `203.0.113.${client}`)).toBeLessThanOrEqual(most)
    expect(takenIn10Seconds((client, round) => `2001:db8:${client}:${round % 65_536}::1`)).toBeLessThanOrEqual(most)
  })

  test('is its own, as long as the process has time', () => {
    const time = createTemplateTime(() => 0)
    for (let i = 0; i < 10; i++) time.longRenderings(clientOf('203.0.113.9')).took(40)
    expect(hasForLong(time, clientOf('203.0.113.9'))).toBe(false)
    expect(hasForLong(time, clientOf('203.0.113.10'))).toBe(true)
    for (let i = 0; i < 15; i++) time.longRenderings(clientOf(`198.51.100.${i}`)).took(40)
    expect(hasForLong(time, clientOf('203.0.113.10'))).toBe(false)
  })

  test('is shared by networks that come when a thousand others have taken some, until those have all of it back', () => {
    let now = 0
    const time = createTemplateTime(() => now)
    for (let i = 0; i < 1_000; i++) time.longRenderings(clientOf(`2001:db8:1:${i.toString(16)}::1`)).took(0.1)
    for (let i = 0; i < 400; i++) time.longRenderings(clientOf(`2001:db8:2:${i.toString(16)}::1`)).took(1)
    now = 1_000
    expect(hasForLong(time, clientOf('2001:db8:1:5::1'))).toBe(true)
    expect(hasForLong(time, clientOf('2001:db8:3:1::1'))).toBe(true)
    for (let i = 0; i < 400; i++) time.longRenderings(clientOf(`2001:db8:2:${i.toString(16)}::1`)).took(1)
    expect(hasForLong(time, clientOf('2001:db8:2:1::1'))).toBe(true)
  })

  test('once it is taken, long renderings end and short ones go on', () => {
    const heavy = compileMappingTemplate('#foreach($a in [1..1000])#foreach($b in [1..1000])x#end#end')
    const light = compileMappingTemplate("$input.path('$.a')")
    const time = createTemplateTime(() => 0)
    const outcomeOf = (template: MappingTemplate, sourceIp: string): string => {
      try {
        return template.render(templateInput(message, '{"a":1}', {}), time.longRenderings({ sourceIp }))
      } catch (error) {
        return (error as Error).message
      }
    }
    expect(outcomeOf(heavy, '203.0.113.9')).toContain('template takes more than')
    while (hasForLong(time, clientOf('203.0.113.9'))) time.longRenderings(clientOf('203.0.113.9')).took(1)
    expect(outcomeOf(heavy, '203.0.113.9')).toBe(new GatewayError('TEMPLATE_TIME_EXCEEDED').message)
    expect(outcomeOf(light, '203.0.113.9')).toBe('1')
    expect(outcomeOf(heavy, '203.0.113.10')).toContain('template takes more than')
  })
})
