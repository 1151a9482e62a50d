import { expect, test } from 'vitest'
import type { SourceLimits, SourcePlace } from '../../src/limits/contract.ts'
import { createLocalBuckets } from '../../src/limits/named-buckets.ts'
import { createSourceLimits, type SourceLimitsOptions } from '../../src/limits/source-limits.ts'

const create = (options: Partial<SourceLimitsOptions>) =>
  createSourceLimits({
    ...{ rate: null, maxConnections: null, ipv6PrefixLength: 64, buckets: createLocalBuckets(), counts: null },
    ...options,
  })

function enter(limits: SourceLimits, address: string, now = 1_000): string | SourcePlace {
  const entered = limits.enter(address, now)
  return 'cause' in entered ? entered.cause : entered
}

const leave = (place: string | SourcePlace) => (typeof place === 'string' ? expect.fail(place) : place.leave())

test('a source has so many connections at once, each address of IPv4 for itself and IPv6 by network', () => {
  const limits = create({ maxConnections: 2 })
  const first = enter(limits, '203.0.113.9')
  enter(limits, '::ffff:203.0.113.9')
  expect(enter(limits, '203.0.113.9')).toBe('sourceConnections')
  leave(enter(limits, '203.0.113.10'))
  leave(first)
  leave(enter(limits, '203.0.113.9'))
  leave(enter(limits, '203.0.113.9'))
  enter(limits, '2001:db8:1:2::1')
  enter(limits, '2001:db8:1:2:ffff::1')
  expect(enter(limits, '2001:db8:1:2::3')).toBe('sourceConnections')
  leave(enter(limits, '2001:db8:1:3::1'))
})

test('a source may connect so often; a handshake that the number of connections refuses takes no token', () => {
  const limits = create({ rate: { rateLimit: 0.5, burstLimit: 2 }, maxConnections: 1 })
  const first = enter(limits, '203.0.113.9')
  expect(enter(limits, '203.0.113.9')).toBe('sourceConnections')
  leave(first)
  leave(enter(limits, '203.0.113.9'))
  expect(limits.enter('203.0.113.9', 1_000)).toEqual({ cause: 'sourceRate', retryAfter: 2 })
  leave(enter(limits, '203.0.113.9', 3_000))
})

test('sources with tokens or connections stay known, and are forgotten when they have neither to lose', () => {
  const opened: string[] = []
  const buckets = createLocalBuckets()
  const limits = create({
    rate: { rateLimit: 1, burstLimit: 1 },
    maxSources: 2,
    buckets: {
      ...buckets,
      open(name, given) {
        opened.push(name)
        return buckets.open(name, given)
      },
    },
  })
  leave(enter(limits, '203.0.113.1'))
  const stays = enter(limits, '203.0.113.2')
  // Both are needed: whoever comes now shares a cell.
  leave(enter(limits, '203.0.113.3'))
  expect(opened[2]).toMatch(/"cell [a-z\d]+\.\d+"/)
  expect(enter(limits, '203.0.113.3')).toBe('sourceRate')
  expect(enter(limits, '203.0.113.1')).toBe('sourceRate')
  // The first has its token back and no connection.
  leave(enter(limits, '203.0.113.4', 3_000))
  expect(opened[3]).toBe('["source","203.0.113.4"]')
  leave(stays)
})

test('however many sources come, what is kept of them is bounded', () => {
  const buckets = createLocalBuckets()
  let open = 0
  const limits = create({
    rate: { rateLimit: 0.001, burstLimit: 1 },
    maxSources: 100,
    buckets: {
      open(name, given) {
        open++
        return buckets.open(name, given)
      },
      close(bucket) {
        open--
        buckets.close(bucket)
      },
    },
  })
  for (let i = 0; i < 20_000; i++) limits.enter(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, 1_000 + i)
  expect(open).toBeLessThanOrEqual(100 + 1_024)
})

test('so many handshakes of a source may wait at once, whatever the number of its connections', () => {
  const limits = create({ maxPendingHandshakes: 2 })
  const [first, second] = [enter(limits, '203.0.113.9'), enter(limits, '203.0.113.9')]
  expect(limits.enter('203.0.113.9', 1_000)).toEqual({ cause: 'sourceHandshakes', retryAfter: 1 })
  leave(enter(limits, '203.0.113.10'))
  if (typeof first === 'string' || typeof second === 'string') return expect.fail('there was place')
  first.answered()
  const third = enter(limits, '203.0.113.9')
  expect(enter(limits, '203.0.113.9')).toBe('sourceHandshakes')
  // One that is refused gives its place among the connections back before it counts as answered.
  second.leave()
  second.answered()
  leave(third)
  expect(typeof enter(limits, '203.0.113.9')).toBe('object')
})
