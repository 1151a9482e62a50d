import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MessageEvent } from '../../src/events/message-event.ts'
import { compileRequestTemplate } from '../../src/integrations/request-template.ts'
import { createTemplateTime } from '../../src/integrations/template-time.ts'
import type { GatewayError } from '../../src/vocabulary/errors.ts'
import { connection, definitionOf, noFault, scopeWith } from './calls.ts'

describe("the time of a connection's templates", () => {
  test('is used up by long renderings, and comes back with time', () => {
    let now = 0
    const time = createTemplateTime(() => now)
    const client = {}
    for (let i = 0; i < 2; i++) {
      expect(time.has(client)).toBe(true)
      time.take(client, 40)
    }
    expect(time.has(client)).toBe(false)
    now = 900
    expect(time.has(client)).toBe(false)
    now = 1_100
    expect(time.has(client)).toBe(true)
    expect(time.has({})).toBe(true)
  })

  test('is bounded, whatever a client does', () => {
    const step = fc.record({ pause: fc.nat(2_000), millis: fc.double({ min: 0.1, max: 45, noNaN: true }) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let now = 0
        let taken = 0
        const time = createTemplateTime(() => now)
        const client = {}
        for (const { pause, millis } of steps) {
          now += pause
          if (!time.has(client)) continue
          time.take(client, millis)
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
