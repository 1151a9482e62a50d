import { describe, expect, test } from 'vitest'
import { parseRouteKey } from '../../src/routing/route-key.ts'
import { SegmentTree } from '../../src/routing/segment-tree.ts'

function treeOf(routeKeys: Iterable<string>): SegmentTree<string> {
  const tree = new SegmentTree<string>()
  for (const text of routeKeys) {
    const parsed = parseRouteKey(text)
    if (parsed.fault !== null || parsed.routeKey === '$default') throw new Error(text)
    tree.place(parsed.routeKey.segments).set(parsed.routeKey.method, text)
  }
  return tree
}

/** How many places of the tree a search visits, and what it finds. */
function search(tree: SegmentTree<string>, path: string, method = 'GET') {
  const walk = tree.walk(path)
  const found = walk.find(method)
  return { found, visited: walk.visited }
}

/** All paths of so many levels, each a literal or a variable: whatever is searched has two ways on at every level. */
function* everyWay(levels: number): Generator<string> {
  for (let ways = 0; ways < 2 ** levels; ways++)
    yield Array.from({ length: levels }, (_, level) => ((ways >> level) & 1 ? 'a' : `{v${level}}`)).join('/')
}

describe('what a search costs', () => {
  test('is the same with ten routes and with ten thousand', () => {
    const keys = (count: number) => Array.from({ length: count }, (_, i) => `GET /service-${i}/{id}/part-${i}`)
    const few = search(treeOf(keys(10)), '/service-7/1/part-7')
    const many = search(treeOf(keys(10_000)), '/service-7/1/part-7')
    expect(few).toEqual({ found: 'GET /service-7/{id}/part-7', visited: 4 })
    expect(many).toEqual(few)
    expect(search(treeOf(keys(10_000)), '/service-7/1/part-8').visited).toBe(3)
  })

  test('does not depend on a path that goes on where the tree ends', () => {
    const tree = treeOf(['GET /a/{b}/c', 'GET /{x+}'])
    for (const path of [`/a${'/b'.repeat(5_000)}`, '/a/b/c'.repeat(1_000), `/a/${'/'.repeat(10_240)}`])
      expect(search(tree, path).visited).toBeLessThanOrEqual(5)
    expect(search(tree, '/'.repeat(10_240))).toEqual({ found: null, visited: 1 })
  })

  test('is at most once each place of the tree where every level has two ways and none has the method', () => {
    const levels = 10
    const tree = treeOf([...everyWay(levels)].map((path) => `POST /${path}`))
    const places = 2 ** (levels + 1) - 1
    expect(search(tree, '/a'.repeat(levels))).toEqual({ found: null, visited: places })
    expect(search(tree, '/a'.repeat(5_000)).visited).toBe(places)
    expect(search(tree, '/a'.repeat(levels), 'POST').visited).toBe(levels + 1)
  })

  test('is no more than the segments of all routes where a path fits nearly all of them', () => {
    const ways = Array.from({ length: 60 }, (_, level) => `/a/{v${level}}`)
    const keys = [`GET ${'/a'.repeat(250)}/z`, `GET ${'/a'.repeat(250)}/y`, `GET ${ways.join('')}/z`]
    const segments = keys.join('').split('/').length - 1
    expect(search(treeOf(keys), '/a'.repeat(5_000)).visited).toBeLessThanOrEqual(segments)
  })

  test('reads each segment once, however often the search comes back to its level', () => {
    const tree = treeOf([...everyWay(8)].map((path) => `POST /${path}/b`))
    const path = `${'/a'.repeat(8)}/${'x'.repeat(10_000)}`
    const slices = countCalls(String.prototype, 'slice', () => search(tree, path))
    const scans = countCalls(String.prototype, 'indexOf', () => search(tree, path))
    expect([slices, scans]).toEqual([8, 9])
  })
})

/** How often a method of all objects of a kind is called meanwhile. */
function countCalls<Kind extends object>(prototype: Kind, name: keyof Kind & string, run: () => unknown): number {
  const original = prototype[name] as (...values: unknown[]) => unknown
  let calls = 0
  Object.defineProperty(prototype, name, {
    value(this: unknown, ...values: unknown[]) {
      calls++
      return original.apply(this, values)
    },
    configurable: true,
    writable: true,
  })
  try {
    run()
  } finally {
    Object.defineProperty(prototype, name, { value: original, configurable: true, writable: true })
  }
  return calls
}
