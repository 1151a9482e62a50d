import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalRouteKey, parseRouteKey } from '../../src/routing/route-key.ts'
import { createRouteTable } from '../../src/routing/route-table.ts'
import { naiveRoute } from './naive-route.ts'

/** Finds in a table whose routes are their own keys. */
function tableOf(...routeKeys: string[]) {
  const table = createRouteTable(new Map(routeKeys.map((key) => [key, key])))
  return (request: string) => {
    const [method = '', path = ''] = request.split(' ')
    return table.find(method, path)
  }
}

const without = (route: string) => ({ route, pathParameters: null })

describe('the route of a request', () => {
  const documented = ['GET /pets/dog/1', 'GET /pets/dog/{id}', 'GET /pets/{proxy+}', 'ANY /{proxy+}', '$default']

  test.each([
    ['GET /pets/dog/1', without('GET /pets/dog/1')],
    ['GET /pets/dog/2', { route: 'GET /pets/dog/{id}', pathParameters: { id: '2' } }],
    ['GET /pets/cat/1', { route: 'GET /pets/{proxy+}', pathParameters: { proxy: 'cat/1' } }],
    ['POST /test/5', { route: 'ANY /{proxy+}', pathParameters: { proxy: 'test/5' } }],
    ['POST /pets/dog/1', { route: 'ANY /{proxy+}', pathParameters: { proxy: 'pets/dog/1' } }],
    ['GET /', without('$default')],
  ])('%s, in either order of the definition', (request, found) => {
    expect(tableOf(...documented)(request)).toEqual(found)
    expect(tableOf(...documented.toReversed())(request)).toEqual(found)
  })

  test.each([
    [['PATCH /users/me', 'GET /users/{userId}'], 'GET /users/me', 'GET /users/{userId}', { userId: 'me' }],
    [['PATCH /users/me', 'GET /users/{userId}'], 'PATCH /users/me', 'PATCH /users/me', null],
    [['PATCH /users/me', 'GET /users/{userId}'], 'POST /users/me', null, null],
    [['GET /things/real', 'POST /things/{proxy+}'], 'POST /things/real', 'POST /things/{proxy+}', { proxy: 'real' }],
    [['OPTIONS /cors_only', 'ANY /{proxy+}'], 'GET /cors_only', 'ANY /{proxy+}', { proxy: 'cors_only' }],
    [['POST /test', 'OPTIONS /{proxy+}'], 'OPTIONS /test', 'OPTIONS /{proxy+}', { proxy: 'test' }],
    [['GET /part1/part2', 'GET /{param+}'], 'GET /part1/random', 'GET /{param+}', { param: 'part1/random' }],
    [['OPTIONS /{proxy+}', '$default'], 'OPTIONS /a/b', 'OPTIONS /{proxy+}', { proxy: 'a/b' }],
    [['OPTIONS /{proxy+}', '$default'], 'GET /a/b', '$default', null],
    [['GET /a/{x}/c', 'GET /{y}/b/d'], 'GET /a/b/d', 'GET /{y}/b/d', { y: 'a' }],
    [['GET /pets/{id}', 'ANY /pets/dog'], 'GET /pets/dog', 'ANY /pets/dog', null],
    [['GET /pets/{id}', 'ANY /pets/{name}'], 'GET /pets/dog', 'GET /pets/{id}', { id: 'dog' }],
    [['GET /pets/{id}', 'ANY /pets/{name}'], 'PUT /pets/dog', 'ANY /pets/{name}', { name: 'dog' }],
    [['GET /a/{proxy+}', 'GET /{x}/b'], 'GET /a/b', 'GET /{x}/b', { x: 'a' }],
    [['GET /{x}/b/c/{proxy+}', 'GET /a/{proxy+}'], 'GET /a/b/c/d', 'GET /a/{proxy+}', { proxy: 'b/c/d' }],
    [['GET /a/{x}/{proxy+}', 'GET /a/{proxy+}'], 'GET /a/b/c', 'GET /a/{x}/{proxy+}', { x: 'b', proxy: 'c' }],
    [['GET /a/{proxy+}', 'ANY /a/b/{proxy+}'], 'GET /a/b/c', 'ANY /a/b/{proxy+}', { proxy: 'c' }],
    [['GET /{a}/{b}'], 'GET /1/2', 'GET /{a}/{b}', { a: '1', b: '2' }],
  ])('of %j for %s', (routeKeys, request, route, pathParameters) => {
    expect(tableOf(...routeKeys)(request)).toEqual(route === null ? null : { route, pathParameters })
  })

  test('is none where no route fits and there is no $default', () => {
    const find = tableOf('GET /pets', 'GET /pets/{id}/toys')
    for (const request of ['GET /', 'GET /pet', 'GET /petss', 'GET /pets/1', 'GET /pets/1/toys/2', 'POST /pets'])
      expect(find(request)).toBeNull()
    expect(tableOf()('GET /')).toBeNull()
  })

  test('is never derived from GET for HEAD', () => {
    expect(tableOf('GET /pets')('HEAD /pets')).toBeNull()
    expect(tableOf('GET /pets', 'ANY /pets')('HEAD /pets')).toEqual(without('ANY /pets'))
  })

  test('for a method of no name is that of ANY', () => {
    expect(tableOf('GET /', 'ANY /')('PROPFIND /')).toEqual(without('ANY /'))
    expect(tableOf('GET /', 'ANY /')('get /')).toEqual(without('ANY /'))
    expect(tableOf('GET /')('constructor /')).toBeNull()
  })

  test('for no path is that of the root, and for * that of $default', () => {
    expect(tableOf('GET /')('GET ')).toEqual(without('GET /'))
    expect(tableOf('OPTIONS /', 'OPTIONS /{proxy+}')('OPTIONS *')).toBeNull()
    expect(tableOf('OPTIONS /{proxy+}', '$default')('OPTIONS *')).toEqual(without('$default'))
  })
})

describe('a greedy variable', () => {
  const find = tableOf('GET /x/{proxy+}')

  test('takes all that is left, slashes inside and at the end included, none in front', () => {
    expect(find('GET /x/a')?.pathParameters).toEqual({ proxy: 'a' })
    expect(find('GET /x/a//b')?.pathParameters).toEqual({ proxy: 'a//b' })
    expect(find('GET /x/a/b/')?.pathParameters).toEqual({ proxy: 'a/b/' })
    expect(find('GET /x//a')?.pathParameters).toEqual({ proxy: 'a' })
  })

  test('is never empty', () => {
    for (const path of ['/x', '/x/', '/x//', '/x///']) expect(find(`GET ${path}`)).toBeNull()
    expect(tableOf('GET /{proxy+}')('GET /')).toBeNull()
    expect(tableOf('GET /{proxy+}')('GET //')).toBeNull()
  })
})

describe('a slash at the end of a path', () => {
  test('is overlooked where no other route is for the path', () => {
    expect(tableOf('GET /x')('GET /x/')).toEqual(without('GET /x'))
    expect(tableOf('GET /{id}')('GET /x/')).toEqual({ route: 'GET /{id}', pathParameters: { id: 'x' } })
    expect(tableOf('GET /x')('POST /x/')).toBeNull()
    expect(tableOf('GET /x')('GET /x//')).toBeNull()
    expect(tableOf('GET /')('GET //')).toEqual(without('GET /'))
  })

  test('counts where a greedy route or $default is for the path', () => {
    expect(tableOf('GET /x', 'ANY /{proxy+}')('GET /x/')).toEqual({
      route: 'ANY /{proxy+}',
      pathParameters: { proxy: 'x/' },
    })
    expect(tableOf('GET /x', '$default')('GET /x/')).toEqual(without('$default'))
  })

  test('is no variable, and nothing for a greedy one', () => {
    expect(tableOf('GET /x/{name}')('GET /x/')).toBeNull()
    expect(tableOf('GET /x', 'GET /x/{proxy+}')('GET /x/')).toEqual(without('GET /x'))
  })
})

describe('percent-encoding', () => {
  test('stays in what variables take, where an encoded slash is no slash', () => {
    expect(tableOf('GET /{id}')('GET /foo%2Fbar')?.pathParameters).toEqual({ id: 'foo%2Fbar' })
    expect(tableOf('GET /{id}')('GET /%61%c3%a4')?.pathParameters).toEqual({ id: '%61%c3%a4' })
    expect(tableOf('GET /x/{proxy+}')('GET /x/a%2Fb/%20')?.pathParameters).toEqual({ proxy: 'a%2Fb/%20' })
    expect(tableOf('GET /foo/bar')('GET /foo%2Fbar')).toBeNull()
    expect(tableOf('GET /{id}')('GET /100%')?.pathParameters).toEqual({ id: '100%' })
  })

  test('gets no request past the literal that it spells', () => {
    const find = tableOf('GET /admin/keys', 'GET /caf%C3%A9', 'GET /{proxy+}')
    for (const path of ['/%61dmin/keys', '/admin/%6bey%73', '/%61%64%6D%69%6e/%6B%65%79%73'])
      expect(find(`GET ${path}`)).toEqual(without('GET /admin/keys'))
    expect(find('GET /caf%c3%a9')).toEqual(without('GET /caf%C3%A9'))
    expect(find('GET /%2561dmin/keys')?.route).toBe('GET /{proxy+}')
  })
})

describe('names of JavaScript prototypes', () => {
  const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty']

  test('are segments and variables as others', () => {
    const find = tableOf(...names.map((name) => `GET /x/${name}`), 'GET /y/{__proto__}/{constructor}')
    for (const name of names) expect(find(`GET /x/${name}`)).toEqual(without(`GET /x/${name}`))
    for (const name of names) expect(tableOf('GET /x')(`GET /${name}`)).toBeNull()
    for (const name of names) expect(tableOf('GET /x/y')(`GET /x/${name}`)).toBeNull()
    const parameters = find('GET /y/a/b')?.pathParameters ?? {}
    expect(Object.entries(parameters)).toEqual([
      ['__proto__', 'a'],
      ['constructor', 'b'],
    ])
    expect(Object.getPrototypeOf(parameters)).toBe(Object.prototype)
  })

  test('may fill variables', () => {
    for (const name of names)
      expect(tableOf('GET /{id}')(`GET /${name}`)).toEqual({ route: 'GET /{id}', pathParameters: { id: name } })
  })
})

test('a match of literals alone is the same object each time', () => {
  const find = tableOf('GET /pets/dogs', 'GET /{proxy+}')
  expect(find('GET /pets/dogs')).toBe(find('GET /pets/dogs'))
})

test('a wrong key is an error at load', () => {
  expect(() => tableOf('get /')).toThrow('the route key "get /" is wrong: the method in upper case, GET instead of get')
})

test('any routes and any request: as the rules say one by one', () => {
  const literal = fc.constantFrom('a', 'b', 'ab')
  const segment = fc.oneof({ weight: 3, arbitrary: literal }, { weight: 2, arbitrary: fc.constant('{}') })
  const method = fc.constantFrom('GET', 'POST', 'ANY')
  const routeKey = fc
    .tuple(method, fc.array(segment, { maxLength: 4 }), fc.boolean())
    .map(([method, segments, greedy]) => {
      const parts = [...segments, ...(greedy ? ['{+}'] : [])]
      return `${method} /${parts.map((part, at) => part.replace('{', `{v${at}`)).join('/')}`
    })
  const keys = fc.uniqueArray(fc.oneof({ weight: 20, arbitrary: routeKey }, fc.constant('$default')), {
    maxLength: 12,
    selector: (key) => {
      const parsed = parseRouteKey(key)
      return parsed.fault === null ? canonicalRouteKey(parsed.routeKey) : key
    },
  })
  const path = fc
    .array(fc.oneof({ weight: 4, arbitrary: literal }, fc.constant('c'), fc.constant('')), { maxLength: 6 })
    .map((segments) => `/${segments.join('/')}`)
  fc.assert(
    fc.property(
      keys,
      fc.constantFrom('GET', 'POST', 'PUT'),
      fc.array(path, { minLength: 1, maxLength: 8 }),
      (keys, method, paths) => {
        const find = tableOf(...keys)
        for (const path of paths) expect(find(`${method} ${path}`)).toEqual(naiveRoute(keys, method, path))
      },
    ),
    { numRuns: 1_000 },
  )
})
