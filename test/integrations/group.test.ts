import { describe, expect, test } from 'vitest'
import type { IntegrationDefinition } from '../../src/integrations/contract.ts'
import { createGroupType } from '../../src/integrations/group.ts'
import type { Audience, Groups, SendOptions } from '../../src/registry/group-contract.ts'
import {
  connection,
  definitionOf,
  disconnectEvent,
  failureOf,
  faultsOf,
  messageEvent,
  openIntegration,
  scopeWith,
  textOf,
} from './calls.ts'

const report = { targets: 3, sent: 1, full: 1, gone: 0, unreachable: 1, failures: [] }
const sent: [Audience, string | Uint8Array, SendOptions][] = []
const outcomes = { join: 'joined' as 'joined' | 'gone' | 'tooMany' | 'unreachable' }
const groups = {
  join: async () => outcomes.join,
  leave: () => 'left',
  send(audience, { data }, options) {
    sent.push([audience, data, options])
    return Promise.resolve(report)
  },
  countAll: async () => ({ connections: 4, incomplete: false, unanswered: [{ owner: 1, name: 'web-2' }] }),
} satisfies Partial<Groups> as unknown as Groups

const part = (members: Partial<IntegrationDefinition>) =>
  definitionOf({ integrationType: 'GROUP', groupAction: 'SEND', groupName: 'attic', ...members })
const open = (members: Partial<IntegrationDefinition>) =>
  openIntegration(createGroupType(groups), part(members), scopeWith())

describe('GROUP', () => {
  test('answers with what became of it, also when that takes a while, for integration responses to map', async () => {
    const answer = async (members: Partial<IntegrationDefinition>) =>
      textOf(await open(members).invoke(messageEvent('{}')))
    expect(JSON.parse(await answer({ groupAction: 'JOIN' }))).toEqual({ group: 'attic', outcome: 'joined' })
    expect(JSON.parse(await answer({ groupAction: 'LEAVE' }))).toEqual({ group: 'attic', outcome: 'left' })
    expect(JSON.parse(await answer({ groupAction: 'COUNT' }))).toEqual({
      ...{ group: 'attic', connections: 4, unanswered: 1, incomplete: false },
    })
    const { failures: _, ...counts } = report
    expect(JSON.parse(await answer({}))).toEqual({ group: 'attic', ...counts })
    const integrationResponses = {
      '/200/': { responseTemplates: { $default: "$input.path('$.sent') of $input.path('$.targets')" } },
    }
    expect(await answer({ integrationResponses })).toBe('1 of 3')
  })

  test('sends the message, or what the template makes of it, on the stage where it came', async () => {
    sent.length = 0
    await open({}).invoke(messageEvent('héllo'))
    await open({ exceptSelf: true, requestTemplates: { 'application/json': '<$context.routeKey>' } }).invoke(
      messageEvent('x'),
    )
    await open({ requestTemplates: { $default: 'left' } }).invoke(disconnectEvent())
    const chosen = { filter: 'userId = ${request.body.to}', coalesce: '${context.connectionId}/${request.body.to}' }
    await open(chosen).invoke(messageEvent('{"to":"bob"}'))
    const attic = { apiId: 'chat', stage: 'dev', kind: 'group', name: 'attic' }
    const terms = { except: [], filter: null, coalesce: null, failures: 0 }
    expect(sent).toEqual([
      [attic, 'héllo', terms],
      [attic, '<join>', { ...terms, except: [connection.connectionId] }],
      [attic, 'left', terms],
      [attic, '{"to":"bob"}', { ...terms, filter: "userId = 'bob'", coalesce: `${connection.connectionId}/bob` }],
    ])
  })

  test('fails with a code where it can not be done', async () => {
    for (const [outcome, code] of [
      ['tooMany', 'TOO_MANY_GROUPS'],
      ['gone', 'CONNECTION_GONE'],
      ['unreachable', 'WORKER_UNREACHABLE'],
    ] as const) {
      outcomes.join = outcome
      expect((await failureOf(open({ groupAction: 'JOIN' }), messageEvent('{}'))).code).toBe(code)
    }
    const template = { $default: '$input.body$input.body$input.body' }
    const large = await failureOf(open({ requestTemplates: template }), messageEvent('x'.repeat(50_000)))
    expect(large.message).toBe('the message has more than 131072 bytes')
    expect((await failureOf(open({}), disconnectEvent())).code).toBe('API_CONFIGURATION_ERROR')
    const name = { groupName: '${request.body.room}', groupNamePattern: '(a|aa)+b' }
    expect((await failureOf(open(name), messageEvent('{}'))).message).toBe(
      'request.body.room is missing, or is no text',
    )
    const slow = await failureOf(open(name), messageEvent(JSON.stringify({ room: `${'a'.repeat(255)}c` })))
    expect(slow.message).toBe('groupNamePattern takes more than 100000 steps')
  })

  test('sends nothing under a key that is none, or past a filter that is none', async () => {
    sent.length = 0
    const [filter, coalesce] = ['userId = ${request.body.to}', '${request.body.to}']
    for (const members of [{ filter }, { coalesce }]) {
      for (const body of ['{}', '{"to":7}', JSON.stringify({ to: 'x'.repeat(3_000) })]) {
        expect((await failureOf(open(members), messageEvent(body))).code).toBe('INVALID_SEND_OPTION')
      }
    }
    expect((await failureOf(open({ coalesce }), messageEvent('{"to":""}'))).message).toBe('coalesce has 1 to 256 bytes')
    expect(sent).toEqual([])
  })

  test('has every fault at once, each with its place', () => {
    const faulty = part({
      groupAction: 'JOIN',
      groupName: '${request.body}',
      exceptSelf: true,
      filter: 'user',
      coalesce: '${request.body}',
      requestTemplates: { $default: '#if' },
      integrationResponses: { $default: { templateSelectionExpression: '${nothing}' } },
    })
    expect(faultsOf(createGroupType(null), faulty, scopeWith()).map(({ path }) => path.join('.'))).toEqual([
      'groupName',
      'exceptSelf',
      'filter',
      'coalesce',
      'requestTemplates',
      'requestTemplates.$default',
      'filter',
      'coalesce',
      'integrationResponses.$default.templateSelectionExpression',
    ])
    expect(faultsOf(createGroupType(null), part({}), scopeWith())).toEqual([])
  })
})
