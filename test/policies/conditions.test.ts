import { describe, expect, it } from 'vitest'
import { accessRequest, decide, documentOf } from './policies.ts'

const holds = (Condition: object, change?: Parameters<typeof accessRequest>[0]) =>
  decide([documentOf({ Condition })], accessRequest(change)) === 'allowed'

describe('condition operators', () => {
  it.each<[string, string, unknown, boolean]>([
    ['StringEquals', 'aws:username', 'alice', true],
    ['StringEquals', 'aws:username', 'Alice', false],
    ['StringEquals', 'aws:username', ['bob', 'alice'], true],
    ['StringEquals', 'aws:username', 'al*', false],
    ['StringEquals', 'AWS:USERNAME', 'alice', true],
    ['StringNotEquals', 'aws:username', 'bob', true],
    ['StringNotEquals', 'aws:username', ['bob', 'alice'], false],
    ['StringEqualsIgnoreCase', 'aws:username', 'ALICE', true],
    ['StringNotEqualsIgnoreCase', 'aws:username', 'ALICE', false],
    ['StringLike', 'aws:username', 'al?c*', true],
    ['StringLike', 'aws:username', 'al', false],
    ['StringNotLike', 'aws:username', 'b*', true],
    ['StringNotLike', 'aws:username', ['b*', 'a*'], false],
    ['NumericEquals', 'aws:EpochTime', 1_759_651_750, true],
    ['NumericEquals', 'aws:EpochTime', '1759651750.0', true],
    ['NumericNotEquals', 'aws:EpochTime', '1759651750', false],
    ['NumericLessThan', 'aws:EpochTime', '1759651750', false],
    ['NumericLessThan', 'aws:EpochTime', '1759651751', true],
    ['NumericLessThanEquals', 'aws:EpochTime', '1759651750', true],
    ['NumericGreaterThan', 'aws:EpochTime', '1759651750', false],
    ['NumericGreaterThanEquals', 'aws:EpochTime', '1759651750', true],
    ['DateEquals', 'aws:CurrentTime', '2025-10-05T08:09:10Z', true],
    ['DateEquals', 'aws:CurrentTime', '2025-10-05T10:09:10.000+02:00', true],
    ['DateNotEquals', 'aws:CurrentTime', '2025-10-05T08:09:10Z', false],
    ['DateLessThan', 'aws:CurrentTime', '2025-10-06', true],
    ['DateLessThan', 'aws:EpochTime', '2025-10-06', true],
    ['DateLessThan', 'aws:CurrentTime', '1759651750', false],
    ['DateLessThanEquals', 'aws:CurrentTime', '1759651750', true],
    ['DateGreaterThan', 'aws:CurrentTime', '2025-10', true],
    ['DateGreaterThan', 'aws:CurrentTime', '2025-10-05T08:09:10Z', false],
    ['DateGreaterThanEquals', 'aws:CurrentTime', '2025-10-05T08:09:10Z', true],
    ['Bool', 'aws:SecureTransport', true, true],
    ['Bool', 'aws:SecureTransport', 'TRUE', true],
    ['Bool', 'aws:SecureTransport', 'false', false],
    ['IpAddress', 'aws:SourceIp', '203.0.113.0/24', true],
    ['IpAddress', 'aws:SourceIp', '203.0.113.9', true],
    ['IpAddress', 'aws:SourceIp', ['198.51.100.0/24', '203.0.113.8/31'], true],
    ['IpAddress', 'aws:SourceIp', ['203.0.113.10', '2001:db8::/32'], false],
    ['IpAddress', 'aws:SourceIp', '0.0.0.0/0', true],
    ['NotIpAddress', 'aws:SourceIp', '203.0.113.0/24', false],
    ['NotIpAddress', 'aws:SourceIp', ['198.51.100.0/24', '192.0.2.0/24'], true],
    ['ArnEquals', 'aws:PrincipalArn', 'arn:aws:iam::123456789012:user/*', true],
    ['ArnLike', 'aws:PrincipalArn', 'arn:aws:iam::*:user/alice', true],
    ['ArnLike', 'aws:PrincipalArn', 'arn:aws:iam::123456789012:user/b*', false],
    // A wildcard stays in its part.
    ['ArnLike', 'aws:PrincipalArn', 'arn:aws:*:123456789012:user/alice:x', false],
    ['ArnNotEquals', 'aws:PrincipalArn', 'arn:aws:iam::123456789012:user/alice', false],
    ['ArnNotLike', 'aws:PrincipalArn', 'arn:aws:iam::123456789012:user/b*', true],
    ['Null', 'aws:Referer', 'true', true],
    ['Null', 'aws:Referer', false, false],
    ['Null', 'aws:username', 'false', true],
    ['Null', 'aws:username', 'true', false],
  ])('%s of %s with %j: %s', (operator, key, value, expected) => {
    expect(holds({ [operator]: { [key]: value } })).toBe(expected)
  })

  it('compare bytes in base64', () => {
    const keys = { 'test:bytes': 'AQID' }
    expect(holds({ BinaryEquals: { 'test:bytes': 'AQID' } }, { keys })).toBe(true)
    expect(holds({ BinaryEquals: { 'test:bytes': 'AQIE' } }, { keys })).toBe(false)
  })

  it('know IPv6, in every spelling, and IPv4 inside of it', () => {
    const from = (sourceIp: string) => ({ facts: { sourceIp } })
    expect(holds({ IpAddress: { 'aws:SourceIp': '2001:DB8::/32' } }, from('2001:0db8:0:0::1'))).toBe(true)
    expect(holds({ IpAddress: { 'aws:SourceIp': '2001:db8::/32' } }, from('2001:db9::1'))).toBe(false)
    expect(holds({ IpAddress: { 'aws:SourceIp': '203.0.113.0/24' } }, from('::ffff:203.0.113.9'))).toBe(true)
    expect(holds({ IpAddress: { 'aws:SourceIp': '::/0' } }, from('nonsense'))).toBe(false)
  })

  it('hold all together, and every key of one', () => {
    const Condition = { StringEquals: { 'aws:username': 'alice', 'aws:PrincipalAccount': '123456789012' } }
    expect(holds({ ...Condition, Bool: { 'aws:SecureTransport': 'true' } })).toBe(true)
    expect(holds({ ...Condition, Bool: { 'aws:SecureTransport': 'false' } })).toBe(false)
    expect(holds({ StringEquals: { ...Condition.StringEquals, 'aws:userid': 'other' } })).toBe(false)
  })
})

describe('a key that the request does not have', () => {
  it('is like nothing, so that only negated operators hold', () => {
    expect(holds({ StringEquals: { 'aws:Referer': 'x' } })).toBe(false)
    expect(holds({ StringLike: { 'aws:Referer': '*' } })).toBe(false)
    expect(holds({ IpAddress: { 'aws:VpcSourceIp': '0.0.0.0/0' } })).toBe(false)
    expect(holds({ StringNotEquals: { 'aws:Referer': 'x' } })).toBe(true)
    expect(holds({ NotIpAddress: { 'aws:VpcSourceIp': '0.0.0.0/0' } })).toBe(true)
  })

  it('does no harm with IfExists', () => {
    expect(holds({ StringEqualsIfExists: { 'aws:Referer': 'x' } })).toBe(true)
    expect(holds({ StringEqualsIfExists: { 'aws:username': 'x' } })).toBe(false)
    expect(holds({ NumericLessThanIfExists: { 'aws:MultiFactorAuthAge': 3600 } })).toBe(true)
  })
})

describe('keys of several values', () => {
  const keys = { 'test:tags': ['red', 'green'] }
  it.each<[string, unknown, boolean]>([
    ['ForAnyValue:StringEquals', 'red', true],
    ['ForAnyValue:StringEquals', 'blue', false],
    ['ForAnyValue:StringNotEquals', 'red', true],
    ['ForAnyValue:StringNotEquals', ['red', 'green'], false],
    ['ForAllValues:StringEquals', ['red', 'green', 'blue'], true],
    ['ForAllValues:StringEquals', 'red', false],
    ['ForAllValues:StringNotEquals', 'blue', true],
    ['ForAllValues:StringNotEquals', 'red', false],
    ['ForAllValues:StringLike', '*e*', true],
    ['ForAnyValue:StringLikeIfExists', 'gr*', true],
    ['StringEquals', 'green', true],
    ['StringNotEquals', 'green', false],
  ])('%s with %j: %s', (operator, value, expected) => {
    expect(holds({ [operator]: { 'test:tags': value } }, { keys })).toBe(expected)
  })

  it('that are absent or empty are all as wanted, and none of them is', () => {
    for (const change of [{}, { keys: { 'test:tags': [] } }]) {
      expect(holds({ 'ForAllValues:StringEquals': { 'test:tags': 'red' } }, change)).toBe(true)
      expect(holds({ 'ForAnyValue:StringEquals': { 'test:tags': 'red' } }, change)).toBe(false)
      expect(holds({ 'ForAnyValue:StringNotEquals': { 'test:tags': 'red' } }, change)).toBe(false)
      expect(holds({ 'ForAnyValue:StringEqualsIfExists': { 'test:tags': 'red' } }, change)).toBe(true)
      expect(holds({ Null: { 'test:tags': 'true' } }, change)).toBe(true)
    }
  })

  it('are no text for a variable', () => {
    expect(holds({ StringEquals: { 'aws:username': '${test:tags}' } }, { keys })).toBe(false)
  })
})

describe('variables in conditions', () => {
  it('are compared as the operator compares', () => {
    expect(holds({ StringEquals: { 'aws:userid': 'AIDA${aws:username}' } })).toBe(false)
    expect(holds({ StringEqualsIgnoreCase: { 'aws:userid': 'AIDA${aws:username}' } })).toBe(true)
    expect(holds({ ArnEquals: { 'aws:PrincipalArn': 'arn:aws:iam::*:user/${aws:username}' } })).toBe(true)
    expect(holds({ IpAddress: { 'aws:SourceIp': '${aws:SourceIp}/32' } })).toBe(true)
    expect(holds({ NumericEquals: { 'aws:EpochTime': '${aws:username}' } })).toBe(false)
    expect(holds({ StringLike: { 'aws:username': ['x', '${aws:username}'] } })).toBe(true)
    expect(holds({ StringEquals: { 'aws:username': '${*}' } }, { keys: { 'aws:username': '*' } })).toBe(true)
  })
})
