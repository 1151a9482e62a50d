import { describe, expect, test } from 'vitest'
import { pageOfQuery } from '../../src/groups/page-query.ts'
import { termsOfQuery } from '../../src/groups/send-query.ts'
import { allocateConnectionId, randomOwnerId } from '../../src/vocabulary/ids.ts'

const owner = randomOwnerId()
const [one, two] = [allocateConnectionId(owner), allocateConnectionId(owner)]

describe('the terms of a send', () => {
  test('are the usual ones without a query', () => {
    expect(termsOfQuery('')).toEqual({
      except: [],
      filter: null,
      coalesce: null,
      failures: 0,
      report: 'none',
      binary: false,
    })
  })

  test('are read', () => {
    const query = new URLSearchParams({
      filter: "userId = 'a'",
      coalesce: 'price',
      report: 'failures',
      frame: 'binary',
    })
    query.append('except', `${one},${two}`)
    query.append('except', one)
    expect(termsOfQuery(query.toString())).toEqual({
      except: [one, two, one],
      filter: "userId = 'a'",
      coalesce: 'price',
      failures: 10_000,
      report: 'failures',
      binary: true,
    })
  })

  test.each([
    ['except=x', 'except: x is no connection id'],
    [`except=${Array.from({ length: 1_001 }, () => one).join()}`, 'except names at most 1000 connections'],
    ['filter=user', 'filter: expected userId, sourceIp'],
    ['coalesce=', 'coalesce has 1 to 256 bytes'],
    [`coalesce=${'x'.repeat(257)}`, 'coalesce has 1 to 256 bytes'],
    ['report=all', 'report is none, counts or failures'],
    ['frame=hex', 'frame is text or binary'],
  ])('%s is refused', (query, fault) => {
    expect(termsOfQuery(query)).toContain(fault)
  })
})

test('a page has 100 entries unless the query says otherwise', () => {
  expect(pageOfQuery('')).toEqual({ maxResults: 100, nextToken: null })
  expect(pageOfQuery('maxResults=5&nextToken=a%3Ab')).toEqual({ maxResults: 5, nextToken: 'a:b' })
  expect(pageOfQuery('nextToken=')).toEqual({ maxResults: 100, nextToken: null })
  for (const wrong of ['0', '1001', '-1', 'x', '', '1e2']) {
    expect(pageOfQuery(`maxResults=${wrong}`)).toBe('maxResults is 1 to 1000')
  }
})
