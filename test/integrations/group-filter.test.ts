import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileFilter } from '../../src/filters/compile-filter.ts'
import { compileGroupFilter } from '../../src/integrations/group-filter.ts'
import { messageEvent } from './calls.ts'

const filterFor = (text: string, body: unknown, variables = {}) =>
  compileGroupFilter(text, variables).textFor(messageEvent(JSON.stringify(body)))
const subject = { sourceIp: '203.0.113.9', userAgent: null }
const plans = (filter: string, ...all: string[]) =>
  all.filter((plan) => compileFilter(filter).matches?.({ ...subject, attributes: { plan } }))

describe('the filter of a GROUP', () => {
  test('is that of the definition, with what its expressions are in quotes', () => {
    expect(filterFor('userId exists', {})).toBe('userId exists')
    expect(filterFor('attributes.plan = ${stageVariables.plan}', {}, { plan: "go'ld" })).toBe(
      "attributes.plan = 'go\\'ld'",
    )
    const text = 'attributes["${"] exists or attributes.plan in (${request.body.plan}, "b")'
    expect(() => filterFor(text, {})).toThrow('"${": an expression takes the place of the quotes too')
    expect(filterFor(text.slice(text.indexOf('or') + 3), { plan: 'a' })).toBe('attributes.plan in (\'a\', "b")')
  })

  test.each([
    "x' or userId exists or userId = 'y",
    "\\' or userId exists or userId = \\'",
    '" or "',
    '${context.stage}',
    '\\',
    "'",
    '\n\0',
    '',
  ])('takes %j for a text and nothing else', (plan) => {
    const filter = filterFor('attributes.plan = ${request.body.plan}', { plan })
    expect(plans(filter, plan, 'y', '', 'x')).toEqual(plan === '' ? ['', ''] : [plan])
  })

  test('takes whatever a client sends for a text and nothing else', () => {
    const filter = compileGroupFilter('attributes.plan != ${request.body.plan} and not userId exists', {})
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), fc.string(), (plan, other) => {
        const text = filter.textFor(messageEvent(JSON.stringify({ plan })))
        expect(plans(text, plan)).toEqual([])
        if (other !== plan) expect(plans(text, other)).toEqual([other])
      }),
    )
    const tricky = fc.stringMatching(/^(?:['"\\]| or |userId exists|a){0,12}$/)
    fc.assert(
      fc.property(tricky, (plan) => {
        expect(plans(filter.textFor(messageEvent(JSON.stringify({ plan }))), plan)).toEqual([])
      }),
    )
  })

  test.each([
    ['userId', 'expected =, !=, in, startsWith, contains or exists at character 7'],
    ["userId = 'x${request.body.a}'", 'an expression takes the place of the quotes too'],
    ['userId = ${request.body.a} or', 'expected userId, sourceIp, userAgent or attributes.NAME at character 30'],
    ['${request.body.a} exists', 'expected userId'],
    ['userId ${request.body.a} "x"', 'expected =, !='],
    ["userId = '${request.body.a}", 'expected'],
    ['userId = ${request.body}', 'allowed: ${request.body.<JSONPath>}'],
    ['userId = ${request.body.a', 'expected a text in quotes'],
    ['userId = $request.body.a', 'expected a text in quotes'],
    ['sourceIp = ${stageVariables.plan}', 'expected an address or a network'],
    ['userId = ${stageVariables.none}', 'the stage has no stageVariables.none'],
  ])('%s is a fault', (text, fault) => {
    expect(() => compileGroupFilter(text, { plan: 'gold' })).toThrow(fault)
  })

  test.each([
    ['userId = ${request.body.a}', {}, 'filter: request.body.a is missing, or is no text'],
    ['userId = ${request.body.a}', { a: 'x'.repeat(2_100) }, 'filter: it has more than 2048 bytes'],
    ['sourceIp = ${request.body.a}', { a: 'x' }, 'filter: expected an address or a network'],
  ])('%s of %j is refused', (text, body, fault) => {
    expect(() => filterFor(text, body)).toThrow(
      expect.objectContaining({ code: 'INVALID_SEND_OPTION', message: expect.stringContaining(fault) }),
    )
  })
})
