import { describe, expect, test } from 'vitest'
import type { TemplateVariables } from '../../src/mapping/context-object.ts'
import {
  BodyNotJsonError,
  compileMappingTemplate,
  type TemplateInput,
  TemplateRenderError,
  TemplateSyntaxError,
} from '../../src/mapping/template.ts'
import { contextOf } from './render-case.ts'

const input = (body: unknown, more: Partial<TemplateInput> = {}): TemplateInput => ({
  body: typeof body === 'string' ? body : JSON.stringify(body),
  params: { path: {}, querystring: {}, header: {} },
  context: contextOf({}),
  stageVariables: {},
  ...more,
})

const render = (template: string, body: unknown = '', more: Partial<TemplateInput> = {}) =>
  compileMappingTemplate(template).render(input(body, more))

describe('$input', () => {
  test('an empty payload is an empty object', () => {
    expect(render("$input.body $input.json('$') $input.path('$')")).toBe('{} {} {}')
  })

  test('the body is parsed only when a part of it is asked for', () => {
    expect(render('$input.body', 'no JSON')).toBe('no JSON')
    expect(render("$input.params('x')$input.body.length()", 'no JSON')).toBe('7')
    expect(() => render("$input.path('$.x')", 'no JSON')).toThrow(BodyNotJsonError)
    expect(() => render("$input.json('$.x')", '{"a": 1')).toThrow(BodyNotJsonError)
    expect(() => render("$input.path('$.x')", '{"a": 12345678901234567890')).toThrow(BodyNotJsonError)
  })

  test('objects print like Java maps and lists like JSON, in each other too', () => {
    const body = { foo: 'bar', list: [{ foo: 'bar' }], nested: { foo: [{ nested: 'bar' }] }, nil: null }
    expect(render("$input.path('$.list')", body)).toBe('[{"foo":"bar"}]')
    expect(render("$input.path('$.nested')", body)).toBe('{foo=[{"nested":"bar"}]}')
    expect(render("$input.path('$')", body)).toBe(
      '{foo=bar, list=[{"foo":"bar"}], nested={foo=[{"nested":"bar"}]}, nil=null}',
    )
    expect(render("#set($mine = [1, 'a'])$mine #set($l = $input.path('$.list'))#set($mine = [$l])$mine", body)).toBe(
      '[1, a][[{"foo":"bar"}]]',
    )
  })

  test('what is missing prints nothing, equals null and "", and is not true', () => {
    const missing = "$input.path('$.missing')"
    expect(render(`[${missing}]`, {})).toBe('[]')
    expect(render(`#if(${missing} == "")y#end#if(${missing} == $null)y#end#if("" == ${missing})y#end`, {})).toBe('yyy')
    expect(render(`#if(${missing} != "")y#{else}n#end#if(${missing} == "x")y#{else}n#end`, {})).toBe('nn')
    expect(render(`#if(${missing})y#{else}n#end#if(!${missing})y#end`, {})).toBe('ny')
    expect(render(`#set($x = ${missing})[$x][$x.length()][$x.isEmpty()]$util.urlEncode($x)|`, {})).toBe('[][0][true]|')
    expect(render(`#foreach($x in ${missing})x#end|`, {})).toBe('|')
    expect(render("[$input.path('$.nil')] $input.json('$.nil') $input.json('$.missing')", { nil: null })).toBe(
      '[] "" ""',
    )
  })

  test('a name on an empty list prints nothing', () => {
    expect(render("$input.path('$.list').foo|$input.path('$.list')[0]", { list: [1] })).toBe(
      "$input.path('$.list').foo|1",
    )
    expect(render("#set($l = $input.path('$.list'))$l.foo|", { list: [] })).toBe('|')
  })

  test('json gives compact JSON of any part', () => {
    const body = '{ "b" : [ 1, 2.5, "x/y" ],\n "a": {"k": "é"} }'
    expect(render("$input.json('$')", body)).toBe('{"b":[1,2.5,"x/y"],"a":{"k":"é"}}')
    expect(render("$input.json('$.a.k') $input.json('$.b[2]') $input.json('$.b[-1]')", body)).toBe('"é" "x/y" "x/y"')
  })

  test('paths that search give lists', () => {
    const body = { items: [{ n: 1 }, { n: 2 }, { n: 3 }] }
    expect(render("$input.path('$.items[*].n') $input.json('$..n') $input.path('$..nope')", body)).toBe(
      '[1,2,3] [1,2,3] []',
    )
    expect(render("$input.path('$.items[?(@.n > 1)].n').size() $input.path('$.items.length()')", body)).toBe('2 3')
  })

  test('numbers and the order of names survive', () => {
    const body =
      '{"id": 12345678901234567890, "one": 1.0, "exp": 1e3, "10": "ten", "2": "two", "snow": 1234567890123456789}'
    expect(render("$input.path('$.id') $input.path('$.one') $input.path('$.exp') $input.path('$.snow')", body)).toBe(
      '12345678901234567890 1.0 1000.0 1234567890123456789',
    )
    expect(render("$input.json('$')", body)).toBe(
      '{"id":12345678901234567890,"one":1.0,"exp":1000.0,"10":"ten","2":"two","snow":1234567890123456789}',
    )
    expect(render("#foreach($k in $input.path('$').keySet())$k #end", body)).toBe('id one exp 10 2 snow ')
  })

  test('numbers survive searches and $util.parseJson, and equal ones are told apart', () => {
    const body = '{"a":[{"id":9007199254740993,"one":1.0},{"id":9007199254740992,"one":1e3}]}'
    expect(render("$input.path('$.a[*].id') $input.json('$..id') $input.path('$..one')", body)).toBe(
      '[9007199254740993,9007199254740992] [9007199254740993,9007199254740992] [1.0,1000.0]',
    )
    expect(render("$input.json('$.a[?(@.id == 9007199254740992)]')", body)).toBe(
      '[{"id":9007199254740992,"one":1000.0}]',
    )
    expect(render('$util.parseJson($input.body).a[0].id $util.parseJson($input.body)', body)).toBe(
      '9007199254740993 {a=[{"id":9007199254740993,"one":1.0},{"id":9007199254740992,"one":1000.0}]}',
    )
    expect(render("$input.json('$')", '{"far":1e400}')).toBe('{"far":1e400}')
    expect(render("#set($r = $input.path('$'))$input.json('$')", '{"far":1e400}')).toBe('{"far":1e400}')
    expect(() => render("$input.path('$.n')", `{"n":${'9'.repeat(2_000)}}`)).toThrow(TemplateRenderError)
  })

  test('a template may change what path gave it, and sees the change', () => {
    const template = "#set($root = $input.path('$'))#set($root.a.b = 2)$input.path('$.a.b') $input.json('$.a') $root"
    expect(render(template, { a: { b: 1 } })).toBe('2 {"b":2} {a={b=2}}')
    expect(compileMappingTemplate(template).render(input({ a: { b: 1 } }))).toBe('2 {"b":2} {a={b=2}}')
  })

  test('a path put together while rendering', () => {
    expect(render("#foreach($k in ['a','b'])$input.path(\"$.$k\") #end", { a: 1, b: 2 })).toBe('1 2 ')
    expect(() => render("#set($p = '$[')$input.path($p)", {})).toThrow(TemplateRenderError)
  })

  test('params looks in path, query string and headers, in that order', () => {
    const params = {
      path: { a: 'path' },
      querystring: { a: 'query', b: 'query' },
      header: { b: 'header', c: 'header' },
    }
    const template = "$input.params('a') $input.params('b') $input.params('c') [$input.params('d')]"
    expect(render(template, '', { params })).toBe('path query header []')
    expect(render('$input.params()', '', { params })).toBe(
      '{path={a=path}, querystring={a=query, b=query}, header={b=header, c=header}}',
    )
    expect(render("$input.params('constructor')|$input.params('__proto__')|", '', { params })).toBe('||')
  })

  test('params finds a header in any case, and a path or query parameter only in its own', () => {
    const params = { path: { Room: 'p' }, querystring: { Page: 'q' }, header: { 'x-tenant': 'acme', 'X-Kind': 'k' } }
    expect(render("$input.params('X-Tenant') $input.params('x-kind') $input.params('X-Kind')", '', { params })).toBe(
      'acme k k',
    )
    expect(render("[$input.params('room')$input.params('page')]", '', { params })).toBe('[]')
    expect(render("$input.params().header $!input.params().header.get('X-Tenant')|", '', { params })).toBe(
      '{x-tenant=acme, X-Kind=k} |',
    )
  })
})

describe('$context', () => {
  const context = contextOf({ routeKey: 'send', status: 200, nothing: null, identity: { sourceIp: '192.0.2.1' } })

  test('printing it gives a Java map with nulls', () => {
    expect(render('$context', '', { context })).toBe(
      '{routeKey=send, status=200, nothing=null, identity={sourceIp=192.0.2.1}}',
    )
  })

  test.each([
    '$context.nope',
    '${context.nope}',
    '$!context.nope',
    '$!{context.nope}',
    "$context['nope']",
    "$context.get('nope')",
    '$context.nothing',
    '$context.identity.nope',
    "${context.identity['nope']}",
    "$context.identity.get('nope')",
    '$context.nope.more',
    "$context.nope['more'].still",
    "$context.nope.get('more')",
    '$context.nope()',
    '$stageVariables.nope',
    '${stageVariables.nope}',
    '$!{stageVariables.nope}',
    "$stageVariables['nope']",
    "${stageVariables['nope']}",
    "$stageVariables.get('nope')",
    '$stageVariables.nope.more',
    '#set($x = $context.nope)$x',
    '#set($x = "old")#set($x = $stageVariables.nope)$x',
    '#set($x = "$context.nope$stageVariables.nope")$x',
    '#set($x = $context.nope)$x.more',
    '#macro(show $v)$v#end#show($context.nope)',
    '#foreach($x in $context.nope)x#end',
    '#if($context.nope)x#end#if($stageVariables.nope != "")x#end#if($context.nope != $null)x#end',
    '$util.escapeJavaScript($context.nope)',
    '$util.urlEncode($stageVariables.nope)',
    "$util.urlDecode($context.identity.nope)$util.base64Encode($context['nope'])$util.base64Decode($context.nope)",
    '$util.parseJson($context.nope)',
    '$util.parseJson($context.nope).more',
    '$input.body.nope',
    '#set($x = $input.body.nope)$x',
    '$util.urlEncode($input.body.nope)',
  ])('what is not there prints nothing: %s', (template) => {
    expect(render(`[${template}]`, '', { context, stageVariables: { table: 't' } })).toBe('[]')
  })

  test('what is not there is an empty text in whatever is made with it', () => {
    expect(render('#set($m = {"k": $context.nope})$m $m.k.length()#set($l = [$context.nope])$l', '', { context })).toBe(
      '{k=} 0[]',
    )
    expect(render('#set($x = $context.nope + "x")$x $context.nope.isEmpty() $context.routeKey', '', { context })).toBe(
      'x true send',
    )
    expect(render('$nope $input.nope $context', '', { context: contextOf({ nothing: null }) })).toBe(
      '$nope $input.nope {nothing=null}',
    )
  })

  test('only the asked names are fetched', () => {
    const asked: string[] = []
    const spy: TemplateVariables = {
      get: (name) => asked.push(name),
      entries: () => {
        throw new Error('not wanted')
      },
    }
    render('$context.a $context.b', '', { context: spy })
    expect(asked).toEqual(['a', 'b'])
  })

  test('an assignment goes to a context that takes it', () => {
    const set = new Map<string, unknown>()
    const header = {
      get: () => undefined,
      entries: () => [],
      set: (name: string, value: unknown) => set.set(name, value),
    }
    const override = contextOf({ responseOverride: null })
    const writable: TemplateVariables = { ...override, get: () => ({ ...header, get: () => header }) }
    render(
      `#set($context.responseOverride.status = 400)#set($context.responseOverride.header['X-A'] = "v")#set($r = $context.responseOverride.header.put("X-B", 1.5))`,
      '',
      { context: writable },
    )
    expect([...set]).toEqual([
      ['status', 400],
      ['X-A', 'v'],
      ['X-B', 1.5],
    ])
    expect(render('#set($context.routeKey = "x")$context.routeKey', '', { context })).toBe('send')
  })
})

describe('$stageVariables and $util', () => {
  test('the three ways to write a stage variable', () => {
    const stageVariables = { table: 't', 'odd-name': 'o' }
    expect(
      render("$stageVariables.table $stageVariables['odd-name'] ${stageVariables['table']}", '', { stageVariables }),
    ).toBe('t o t')
    expect(render('$stageVariables.constructor $stageVariables', '', { stageVariables })).toBe(' {table=t, odd-name=o}')
  })

  test('escapeJavaScript escapes both quotes, slashes and what is not ASCII', () => {
    expect(render('$util.escapeJavaScript($input.body)', `it's "a/b" \\ \n\u0001é漢`)).toBe(
      `it\\'s \\"a\\/b\\" \\\\ \\n\\u0001\\u00E9\\u6F22`,
    )
    expect(render(`$util.escapeJavaScript($input.body).replaceAll("\\\\'", "'")`, "it's")).toBe("it's")
  })

  test('urlDecode refuses half an escape, and parseJson what is no JSON', () => {
    expect(() => render("$util.urlDecode('%4')")).toThrow(TemplateRenderError)
    expect(() => render("$util.parseJson('{')")).toThrow(TemplateRenderError)
  })
})

describe('a compiled template', () => {
  test('is constant when nothing in it depends on anything', () => {
    expect(compileMappingTemplate('{"statusCode": 200}').constant).toBe('{"statusCode": 200}')
    expect(compileMappingTemplate('a ## comment\nb #* more *#').constant).toBe('a b ')
    expect(compileMappingTemplate('').constant).toBe('')
    expect(compileMappingTemplate('$x').constant).toBeNull()
    expect(compileMappingTemplate('#if(true)a#end').constant).toBeNull()
  })

  test.each([
    ['$context.routeKey', false],
    ["$input.params('x') $input.params().header", false],
    ['$input.body', true],
    ["#if($x)#set($y = [1, $input.json('$')])#end", true],
    ['#macro(m)$input.body#end', true],
    ['#set($x = "$input.body")', true],
    ["#set($i = $input)$i.path('$')", true],
    ["#evaluate('x')", true],
  ])('%s reads the body: %s', (source, expected) => expect(compileMappingTemplate(source).readsBody).toBe(expected))

  test('renders every message on its own', () => {
    const template = compileMappingTemplate('#set($n = "$!n.x")$n#macro(m)a#end#m()#evaluate("#macro(k)b#end")#k()')
    expect(template.render(input(''))).toBe(template.render(input('')))
  })
})

describe('faults', () => {
  test('a syntax error names line and column', () => {
    const compile = () => compileMappingTemplate('{\n  "a": #if($x)\n}')
    expect(compile).toThrow(TemplateSyntaxError)
    expect(compile).toThrow('#if without #end (line 2, column 8)')
    expect(() => compileMappingTemplate('ab\n$x.y(')).not.toThrow()
    expect(() => compileMappingTemplate('ab\n$x.y("z" "u")')).toThrow("expected ')' (line 2, column 10)")
  })

  test('a wrong JSONPath in a literal is a syntax error', () => {
    expect(() => compileMappingTemplate("x\n $input.path('$.a[')")).toThrow(TemplateSyntaxError)
    expect(() => compileMappingTemplate("$input.json('a')")).toThrow('JSONPath must start with $ (line 1, column 7)')
  })

  test('a method that Java would leave with an exception names its place', () => {
    expect(() => render('ab\n $input.body.substring(9)', 'x')).toThrow(
      'begin 9, end 1 is out of bounds for length 1 (line 2, column 13)',
    )
  })
})
