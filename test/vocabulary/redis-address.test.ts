import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseRedisAddress, redisAddressText } from '../../src/vocabulary/redis-address.ts'

const read = (text: string) => parseRedisAddress(text)?.address

describe('the address of a Redis', () => {
  test('names one server, with TLS, user and database', () => {
    expect(read('redis://localhost')).toEqual({
      ...{ kind: 'single', nodes: [{ host: 'localhost', port: 6379 }], tls: false },
      ...{ master: null, database: 0, username: null },
    })
    expect(read('rediss://app@[::1]:7000/3')).toMatchObject({
      ...{ tls: true, nodes: [{ host: '::1', port: 7000 }], database: 3, username: 'app' },
    })
  })

  test('names Sentinels and the master that they watch', () => {
    expect(read('redis+sentinel://a:1,b,c:3/main/2')).toMatchObject({
      ...{ kind: 'sentinel', master: 'main', database: 2 },
      nodes: [
        { host: 'a', port: 1 },
        { host: 'b', port: 26_379 },
        { host: 'c', port: 3 },
      ],
    })
  })

  test('names nodes of a Cluster, by several URLs or by a scheme of its own', () => {
    const nodes = [
      { host: 'a', port: 1 },
      { host: 'b', port: 6379 },
    ]
    for (const text of ['redis://a:1,redis://b', 'redis://a:1, redis://b', 'redis+cluster://a:1,b']) {
      expect(read(text), text).toMatchObject({ kind: 'cluster', nodes, tls: false })
    }
    expect(read('rediss://a,rediss://b')).toMatchObject({ kind: 'cluster', tls: true })
  })

  test('gives the password apart', () => {
    expect(parseRedisAddress('redis://:p%40ss@h')).toMatchObject({ password: 'p@ss', address: { username: null } })
    expect(parseRedisAddress('redis://u:p:q@h')).toMatchObject({ password: 'p:q', address: { username: 'u' } })
  })

  test('is nothing else', () => {
    const none = [
      '',
      'localhost',
      'http://h',
      'redis://',
      'redis://h:0',
      'redis://h:70000',
      'redis://h/x',
      'redis://a,b',
    ]
    none.push(
      'redis+sentinel://a',
      'redis+cluster://a/1',
      'redis://a/1,redis://b',
      'redis://a,rediss://b',
      'redis://%@h',
    )
    for (const text of none) expect(parseRedisAddress(text), text).toBeNull()
  })

  test('is read without a fault from any text, and never shown with a password', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((text) => `redis://${text}`),
        ),
        (text) => {
          const parsed = parseRedisAddress(text)
          if (parsed !== null) expect(redisAddressText(parsed.address)).not.toContain('@')
        },
      ),
    )
  })
})
