import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { type CatalogOptions, createCatalog } from '../../src/stages/catalog.ts'
import type { Stage } from '../../src/stages/stage.ts'

/** A catalog never looks into a stage beyond its names. */
const stage = (apiId: string, name: string): Stage => ({ apiId, name }) as Stage

function catalogOf(apis: Record<string, string[]>, options: Partial<CatalogOptions> = {}) {
  const catalog = createCatalog({ defaultApi: null, domains: [], allowedHosts: [], ...options })
  for (const [apiId, stages] of Object.entries(apis))
    catalog.replace(
      apiId,
      stages.map((name) => stage(apiId, name)),
    )
  return (host: string, path: string): string | null => {
    const target = catalog.resolve(host, path)
    return target && `${target.stage.apiId} ${target.stage.name} ${target.domainName} ${target.rest}`
  }
}

describe('which API, which stage', () => {
  const domains = [
    {
      domainName: 'ws.example.com',
      apiMappings: [
        { apiMappingKey: 'talk', apiId: 'chat', stage: 'prod' },
        { apiMappingKey: '', apiId: 'echo', stage: 'dev' },
      ],
    },
    { domainName: 'keyed.example.com', apiMappings: [{ apiMappingKey: 'talk', apiId: 'chat', stage: 'prod' }] },
  ]
  const resolve = catalogOf({ chat: ['dev', 'prod'], echo: ['dev', 'chat'] }, { domains, defaultApi: 'echo' })

  test.each([
    ['a custom domain with a mapping key', 'ws.example.com', '/talk', 'chat prod ws.example.com '],
    ['its port is kept in domainName', 'WS.example.com:8443', '/talk/', 'chat prod ws.example.com:8443 /'],
    ['a custom domain without a key', 'ws.example.com', '/', 'echo dev ws.example.com /'],
    ['@connections without a key', 'ws.example.com', '/@connections/x', 'echo dev ws.example.com /@connections/x'],
    ['@connections under a key', 'ws.example.com', '/talk/@connections/x', 'chat prod ws.example.com /@connections/x'],
    [
      'domainName and stage on a custom domain',
      'keyed.example.com',
      '/prod/@connections/x',
      'chat prod keyed.example.com /@connections/x',
    ],
    ['another path on a domain without an empty key', 'keyed.example.com', '/other', null],
    [
      'the first label of the host names the API',
      'chat.execute-api.eu-west-1.amazonaws.com',
      '/dev',
      'chat dev chat.execute-api.eu-west-1.amazonaws.com ',
    ],
    ['and its stage has to be there', 'chat.localhost:8080', '/test', null],
    ['which is not sought in the default API then', 'chat.example.com', '/chat', null],
    [
      'but in the API that the path names, when the label only happens to be the id of another',
      'chat.example.com:8080',
      '/echo/dev/@connections/x',
      'echo dev chat.example.com:8080/echo /@connections/x',
    ],
    ['which may be the same one', 'chat.example.com', '/chat/prod', 'chat prod chat.example.com/chat '],
    ['the path names the API', '127.0.0.1:8080', '/chat/prod', 'chat prod 127.0.0.1:8080/chat '],
    ['with what follows', 'localhost', '/chat/prod/@connections/x%3D', 'chat prod localhost/chat /@connections/x%3D'],
    ['before a stage of the default API with the same name', 'localhost', '/chat/dev', 'chat dev localhost/chat '],
    [
      'whose stage is found where the API has none of that name',
      'localhost',
      '/chat/@connections/x',
      'echo chat localhost /@connections/x',
    ],
    ['the default API', 'localhost', '/dev/', 'echo dev localhost /'],
    ['an IPv6 address', '[::1]:8080', '/dev', 'echo dev [::1]:8080 '],
    ['nothing', 'localhost', '/prod', null],
    ['no host', '', '/dev', null],
    ['a host that is none', 'evil.example/@', '/dev', null],
    ['a host with a line end', 'a\r\nb', '/dev', null],
    ['a path that is none', 'localhost', 'dev', null],
    ['a name of the prototype chain', 'localhost', '/constructor/dev', null],
  ])('%s', (_case, host, path, expected) => {
    expect(resolve(host, path)).toBe(expected)
  })

  test('the only API is the default one; of several none is, unless the settings say so', () => {
    expect(catalogOf({ chat: ['dev'] })('localhost', '/dev')).toBe('chat dev localhost ')
    expect(catalogOf({ chat: ['dev'], echo: ['dev'] })('localhost', '/dev')).toBeNull()
  })

  test('allowedHosts: others are refused, loopback and custom domains are not', () => {
    const listed = catalogOf({ chat: ['dev'] }, { domains, allowedHosts: ['gate.example', '*.inner.example'] })
    for (const host of [
      'gate.example',
      'gate.example:8080',
      'a.b.inner.example',
      'localhost',
      'chat.localhost',
      '127.0.0.1',
      '[::1]:1',
    ])
      expect([host, listed(host, '/dev')]).not.toEqual([host, null])
    for (const host of ['evil.example', 'inner.example', 'gate.example.evil', '10.0.0.1', 'chat.evil.example'])
      expect([host, listed(host, '/dev')]).toEqual([host, null])
  })

  test('hosts that are remembered are bounded in number, the refused ones too', () => {
    setFlagsFromString('--expose-gc')
    const collectGarbage = runInNewContext('gc') as () => void
    const heldBytes = () => {
      collectGarbage()
      return process.memoryUsage().heapUsed
    }
    const listed = catalogOf({ chat: ['dev'] }, { allowedHosts: ['*.good.example'] })
    const askMany = (suffix: string) => {
      for (let i = 0; i < 20_000; i++) listed(`${i}.${'a'.repeat(200)}${suffix}`, '/dev')
    }
    const before = heldBytes()
    // Kept, each would take more than its 200 characters: 4 MB of names alone.
    for (const suffix of ['.good.example', '.evil.example']) {
      askMany(suffix)
      expect(heldBytes() - before).toBeLessThan(2_000_000)
    }
    expect(listed('x.good.example', '/dev')).toBe('chat dev x.good.example ')
  })

  test('a stage that a new deployment does not have is removed, and its slot knows', () => {
    const catalog = createCatalog({ defaultApi: null, domains: [], allowedHosts: [] })
    catalog.replace('chat', [stage('chat', 'dev'), stage('chat', 'prod')])
    const before = catalog.resolve('localhost', '/dev')?.slot
    const [ended] = catalog.replace('chat', [stage('chat', 'dev')])
    expect([ended?.stageName, ended?.current, ended?.newest.name]).toEqual(['prod', null, 'prod'])
    expect(catalog.resolve('localhost', '/dev')?.slot).toBe(before)
    expect(catalog.resolve('localhost', '/prod')).toBeNull()
    expect(catalog.replace('chat', []).length).toBe(1)
    expect(catalog.resolve('localhost', '/dev')).toBeNull()
  })
})

test('a stage that is served under custom domains only has no other URL', () => {
  const domains = [{ domainName: 'ws.example.com', apiMappings: [{ apiMappingKey: '', apiId: 'chat', stage: 'prod' }] }]
  const catalog = createCatalog({ defaultApi: null, domains, allowedHosts: [] })
  catalog.replace('chat', [{ apiId: 'chat', name: 'prod', domainsOnly: true } as Stage])
  expect(catalog.resolve('ws.example.com', '/')?.stage.name).toBe('prod')
  expect(catalog.resolve('ws.example.com', '/prod/@connections/x')?.stage.name).toBe('prod')
  for (const [host, path] of [
    ['localhost', '/chat/prod'],
    ['localhost', '/prod'],
    ['chat.localhost', '/prod'],
  ] as const) {
    expect(catalog.resolve(host, path)).toBeNull()
  }
})

describe('where several APIs share a domain and the name of a stage', () => {
  const apiMappings = [
    { apiMappingKey: 'talk', apiId: 'chat', stage: 'prod' },
    { apiMappingKey: 'prod', apiId: 'echo', stage: 'dev' },
    { apiMappingKey: 'shop', apiId: 'orders', stage: 'live' },
    { apiMappingKey: 'stock', apiId: 'chat', stage: 'live' },
  ]
  const domains = [{ domainName: 'ws.example.com', apiMappings }]
  const reached = (guarded: boolean, keepsApart = false) => {
    const catalog = createCatalog({ defaultApi: null, domains, allowedHosts: [], keepsApart })
    catalog.replace('chat', [stage('chat', 'prod'), stage('chat', 'live')])
    catalog.replace('echo', [stage('echo', 'dev')])
    catalog.replace('orders', [{ apiId: 'orders', name: 'live', isGuarded: guarded } as Stage])
    return ['/prod', '/live', '/talk'].map((path) => {
      const target = catalog.resolve('ws.example.com', `${path}/@connections/x`)
      return target && [target.stage.apiId, target.anyApi]
    })
  }

  test('a callback there reaches connections of all, unless one of them asks something of its callers', () => {
    expect(reached(false)).toEqual([
      ['echo', true],
      ['orders', true],
      ['chat', false],
    ])
    const apart = [['echo', false], null, ['chat', false]]
    expect(reached(true)).toEqual(apart)
    expect(reached(false, true)).toEqual(apart)
  })
})

describe('the stage $default', () => {
  const apis = { shop: ['$default', 'dev'], chat: ['dev'] }
  const domains = [
    { domainName: 'shop.example', apiMappings: [{ apiMappingKey: 'v1', apiId: 'shop', stage: '$default' }] },
  ]
  const resolve = catalogOf(apis, { domains, defaultApi: 'shop' })

  test.each([
    ['its API alone', 'x', '/shop', 'shop $default x/shop '],
    ['its API and a slash', 'x', '/shop/', 'shop $default x/shop /'],
    ['a path that no other stage is named by', 'x', '/shop/pets/7', 'shop $default x/shop /pets/7'],
    ['a path that one is named by', 'x', '/shop/dev/pets', 'shop dev x/shop /pets'],
    ['the host of its API', 'shop.localhost', '/pets', 'shop $default shop.localhost /pets'],
    ['that host, and another stage', 'shop.localhost', '/dev', 'shop dev shop.localhost '],
    ['the default API', 'x', '/pets//7/', 'shop $default x /pets//7/'],
    ['the default API, and another stage', 'x', '/dev/pets', 'shop dev x /pets'],
    ['another API, which has no such stage', 'x', '/chat/dev', 'chat dev x/chat '],
    ['a custom domain', 'shop.example', '/v1/pets', 'shop $default shop.example /pets'],
    ['a custom domain, and another key', 'shop.example', '/v2/pets', null],
  ])('is found under %s', (_, host, path, found) => {
    expect(resolve(host, path)).toBe(found)
  })
})
