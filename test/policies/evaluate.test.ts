import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { accessRequest, alice, decide, documentOf, invokeArn } from './policies.ts'

describe('policies', () => {
  it('allow what one of them allows', () => {
    expect(decide([documentOf({ Action: 'execute-api:ManageConnections' }), documentOf({})])).toBe('allowed')
  })

  it('deny what one of them denies, whatever others allow and in whichever order', () => {
    const [allow, deny] = [documentOf({}), documentOf({ Effect: 'Deny', Resource: '*/$connect' })]
    expect([decide([allow, deny]), decide([deny, allow]), decide([deny])]).toEqual(Array(3).fill('explicitDeny'))
  })

  it('deny implicitly what none speaks of', () => {
    expect(decide([])).toBe('implicitDeny')
    expect(decide([documentOf({ Effect: 'Deny', Action: 'execute-api:ManageConnections' })])).toBe('implicitDeny')
  })
})

describe('actions', () => {
  it.each([
    ['*', true],
    ['execute-api:*', true],
    ['execute-api:Invoke', true],
    ['EXECUTE-API:iNVOKE', true],
    ['execute-api:Inv?ke', true],
    ['execute-api:Inv*', true],
    ['execute-api:Invoke?', false],
    ['execute-api:Invok', false],
    ['execute-api:InvalidateCache', false],
    ['lambda:Invoke', false],
  ])('%s: %s', (Action, isAllowed) => {
    expect(decide([documentOf({ Action })])).toBe(isAllowed ? 'allowed' : 'implicitDeny')
    expect(decide([documentOf({ NotAction: Action })])).toBe(isAllowed ? 'implicitDeny' : 'allowed')
  })

  it('are a text or a list, each of which will do', () => {
    const Action = ['lambda:InvokeFunction', 'execute-api:Invoke']
    expect(decide([documentOf({ Action })])).toBe('allowed')
    expect(decide([documentOf({ NotAction: Action })])).toBe('implicitDeny')
  })
})

describe('resources', () => {
  it.each([
    ['*', true],
    [invokeArn, true],
    ['arn:aws:execute-api:*', true],
    ['arn:aws:execute-api:*:*:*', true],
    ['arn:aws:execute-api:*:*:chat/*', true],
    ['arn:aws:execute-api:eu-west-1:123456789012:chat/???/$connect', true],
    // The pattern of REST APIs asks for one slash more.
    ['arn:aws:execute-api:eu-west-1:123456789012:chat/dev/*/*', false],
    ['arn:aws:execute-api:eu-west-1:123456789012:chat/dev/', false],
    ['arn:aws:execute-api:eu-west-1:123456789012:chat/dev/$connect/', false],
    ['arn:aws:execute-api:EU-WEST-1:123456789012:chat/dev/$connect', false],
    ['arn:aws:execute-api:eu-west-1:123456789012:cha/dev/*', false],
    ['arn:aws:execute-api:eu-west-1:123456789012:chat/de?/connect', false],
  ])('%s: %s', (Resource, isAllowed) => {
    expect(decide([documentOf({ Resource })])).toBe(isAllowed ? 'allowed' : 'implicitDeny')
    expect(decide([documentOf({ NotResource: Resource })])).toBe(isAllowed ? 'implicitDeny' : 'allowed')
  })

  it('are taken as they are where a path has wildcards of its own', () => {
    const resource = 'arn:aws:execute-api:eu-west-1:123456789012:chat/dev/*'
    expect(decide([documentOf({ Resource: invokeArn })], accessRequest({ resource }))).toBe('implicitDeny')
    expect(decide([documentOf({ Resource: `${resource}` })], accessRequest({ resource: invokeArn }))).toBe('allowed')
  })

  it('never match by a regular expression', () => {
    const Resource = 'arn:aws:execute-api:eu-west-1:123456789012:chat/dev/.connect'
    expect(decide([documentOf({ Resource })])).toBe('implicitDeny')
    expect(decide([documentOf({ Resource: 'arn:aws:execute-api:eu-west-1:123456789012:chat/dev/$connect|x' })])).toBe(
      'implicitDeny',
    )
  })
})

describe('policy variables', () => {
  const mine = 'arn:aws:execute-api:eu-west-1:123456789012:chat/${aws:username}/$connect'
  const at = (stage: string) => `arn:aws:execute-api:eu-west-1:123456789012:chat/${stage}/$connect`

  it('stand for the values of the request', () => {
    expect(decide([documentOf({ Resource: mine })], accessRequest({ resource: at('alice') }))).toBe('allowed')
    expect(decide([documentOf({ Resource: mine })], accessRequest({ resource: at('bob') }))).toBe('implicitDeny')
    const Resource = mine.replace('aws:username', 'AWS:UserName')
    expect(decide([documentOf({ Resource })], accessRequest({ resource: at('alice') }))).toBe('allowed')
  })

  it('are never wildcards, whatever a client chose for them', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('*', '?', 'a', '$', '{', '}'), minLength: 1 }), (userAgent) => {
        const request = accessRequest({ resource: at('bob'), facts: { userAgent } })
        expect(decide([documentOf({ Resource: mine.replace('aws:username', 'aws:UserAgent') })], request)).toBe(
          'implicitDeny',
        )
        const Condition = { StringLike: { 'aws:username': '${aws:UserAgent}' } }
        expect(decide([documentOf({ Condition })], request)).toBe('implicitDeny')
      }),
    )
  })

  it('match nothing where the request has no value for them, and have a default where it is given', () => {
    const request = accessRequest({ resource: at('nobody'), principal: null })
    expect(decide([documentOf({ Resource: mine })], request)).toBe('implicitDeny')
    const Resource = mine.replace('username', "username, 'nobody'")
    expect(decide([documentOf({ Resource })], request)).toBe('allowed')
    expect(decide([documentOf({ Condition: { StringEquals: { 'aws:SourceIp': '${aws:Referer}' } } })])).toBe(
      'implicitDeny',
    )
    expect(decide([documentOf({ Condition: { StringNotEquals: { 'aws:SourceIp': '${aws:Referer}' } } })])).toBe(
      'allowed',
    )
  })

  it('without a value neither widen an allowance by NotResource nor narrow a denial', () => {
    const request = accessRequest({ principal: null })
    expect(decide([documentOf({ NotResource: mine })], request)).toBe('implicitDeny')
    expect(decide([documentOf({}), documentOf({ Effect: 'Deny', NotResource: mine })], request)).toBe('explicitDeny')
  })

  it('escape the three characters that mean something', () => {
    const Resource = at('${*}${?}${$}')
    expect(decide([documentOf({ Resource })], accessRequest({ resource: at('*?$') }))).toBe('allowed')
    expect(decide([documentOf({ Resource })], accessRequest({ resource: at('abc') }))).toBe('implicitDeny')
  })

  it('are plain text before version 2012-10-17, and without a version', () => {
    for (const version of ['2008-10-17', null]) {
      expect(decide([documentOf({ Resource: mine }, version)], accessRequest({ resource: at('alice') }))).toBe(
        'implicitDeny',
      )
      expect(decide([documentOf({ Resource: mine }, version)], accessRequest({ resource: mine }))).toBe('allowed')
    }
  })
})

describe('principals of a resource policy', () => {
  const asked = (Principal: unknown, principal: typeof alice | null = alice) =>
    decide([documentOf({ Principal })], accessRequest({ principal }), { of: 'resource' })

  it.each([
    ['*', true, true],
    [{ AWS: '*' }, true, true],
    [{ AWS: alice.arn }, true, false],
    [{ AWS: ['arn:aws:iam::123456789012:user/bob', alice.arn] }, true, false],
    [{ AWS: '123456789012' }, true, false],
    [{ AWS: 'arn:aws:iam::123456789012:root' }, true, false],
    [{ AWS: 'arn:aws:iam::210987654321:root' }, false, false],
    [{ AWS: 'arn:aws:iam::123456789012:user/bob' }, false, false],
    [{ AWS: 'arn:aws:iam::123456789012:user/ALICE' }, false, false],
    [{ Service: 'lambda.amazonaws.com' }, false, false],
    [{ Service: 'lambda.amazonaws.com', AWS: alice.arn }, true, false],
  ])('%j has Alice: %s, nobody: %s', (Principal, hasAlice, hasNobody) => {
    const decision = (has: boolean) => (has ? 'allowed' : 'implicitDeny')
    expect([asked(Principal), asked(Principal, null)]).toEqual([decision(hasAlice), decision(hasNobody)])
  })

  it('are everybody else with NotPrincipal', () => {
    const deny = documentOf({ Effect: 'Deny', NotPrincipal: { AWS: alice.arn } })
    const allow = documentOf({ Principal: '*' })
    const of = 'resource'
    expect(decide([allow, deny], accessRequest(), { of })).toBe('allowed')
    expect(decide([allow, deny], accessRequest({ principal: null }), { of })).toBe('explicitDeny')
  })

  it('may ask for the shorthand of a resource', () => {
    const expandResource = (text: string) =>
      text.startsWith('execute-api:/') ? `arn:aws:execute-api:eu-west-1:123456789012:chat${text.slice(12)}` : null
    const document = documentOf({ Principal: '*', Resource: 'execute-api:/dev/*' })
    expect(decide([document], accessRequest(), { of: 'resource', expandResource })).toBe('allowed')
    const other = documentOf({ Principal: '*', Resource: 'execute-api:/prod/*' })
    expect(decide([other], accessRequest(), { of: 'resource', expandResource })).toBe('implicitDeny')
  })
})
