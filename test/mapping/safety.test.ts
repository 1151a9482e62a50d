import { describe, expect, test } from 'vitest'
import { compileMappingTemplate, TemplateRenderError, TemplateSyntaxError } from '../../src/mapping/template.ts'
import { contextOf, renderVelocity } from './render-case.ts'

const empty = { params: { path: {}, querystring: {}, header: {} }, context: contextOf({}), stageVariables: {} }
const render = (template: string, body = '{}') => compileMappingTemplate(template).render({ ...empty, body })

describe('nothing of JavaScript can be reached', () => {
  test('__proto__ and constructor in a body are names like any other', () => {
    const body = '{"__proto__": {"polluted": 1}, "constructor": {"prototype": 2}, "a": {"__proto__": 3}}'
    expect(render("$input.path('$').get('__proto__') $input.path('$.constructor') $input.path('$.a')", body)).toBe(
      '{polluted=1} {prototype=2} {__proto__=3}',
    )
    expect(render("$input.json('$')", body)).toBe(body.replaceAll(' ', ''))
    expect(
      render("#set($r = $input.path('$'))#set($r.toString = 1)#set($r['__proto__'] = 2)$r.get('__proto__')", body),
    ).toBe('2')
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false)
  })

  const values = [
    '$s',
    '$n',
    '$d',
    '$t',
    '$list',
    '$map',
    '$map.keySet()',
    '$input',
    '$util',
    '$context',
    '$stageVariables',
  ]
  const names = [
    'constructor',
    'prototype',
    'hasOwnProperty',
    'valueOf2',
    'apply',
    'call',
    'bind',
    'class',
    'getClass',
    'run',
    'methods',
    'entries',
    'items',
    'values2',
    'made',
    'source',
    'notify',
    'wait',
    'clone',
    'finalize',
  ]

  test.each(values)('%s offers no name of the object behind it', (value) => {
    const set = `#set($s = "x")#set($n = 1)#set($d = 1.5)#set($t = true)#set($list = [1])#set($map = {"a": 1})`
    // What AWS's variables and a text do not have prints nothing.
    const written = (reference: string) =>
      /^\$(?:context|stageVariables)\.|^\$s\.\w+$/.test(reference) ? '' : reference
    for (const name of names) {
      expect(render(`${set}${value}.${name}`)).toBe(written(`${value}.${name}`))
      expect(render(`${set}${value}.${name}()`)).toBe(written(`${value}.${name}()`))
      const called = `${value}.${name}("return process")`
      expect(render(`${set}${called}()`)).toBe(`${written(called)}()`)
    }
  })

  test('variables named like members of objects do not exist', () => {
    expect(render('$constructor $toString $hasOwnProperty $this $process $globalThis')).toBe(
      '$constructor $toString $hasOwnProperty $this $process $globalThis',
    )
  })

  test('reflection gives nothing', () => {
    const chain = '$s.getClass().forName("java.lang.Runtime").getRuntime().exec("id")'
    expect(render(`#set($s = "")${chain}`)).toBe(chain)
  })
})

// The budget counts steps, not time, so these say the same on any machine.
describe('a hostile template ends with an error', () => {
  const a = 'a'.repeat(5_000)
  test.each([
    ['loops in loops', '#foreach($a in [1..1000])#foreach($b in [1..1000])#foreach($c in [1..1000])x#end#end#end'],
    ['a long range', '#set($x = [1..2000000000])'],
    ['a string that doubles', '#set($s = "xxxx")#foreach($a in [1..1000])#set($s = "$s$s")#end'],
    ['concat that doubles', '#set($s = "xxxx")#foreach($a in [1..1000])#set($s = $s.concat($s))#end'],
    ['plus that doubles', '#set($s = "xxxx")#foreach($a in [1..1000])#set($s = $s + $s)#end'],
    ['a list that doubles', '#set($l = [1])#foreach($a in [1..1000])#set($r = $l.addAll($l))#end'],
    ['a list inside itself many times', '#set($l = [1])#foreach($a in [1..100])#set($l = [$l, $l])#end$l'],
    ['such a list hashed', '#set($l = [1])#foreach($a in [1..100])#set($l = [$l, $l])#end$l.hashCode()'],
    [
      'such lists compared',
      '#set($l = [1])#set($k = [1])#foreach($a in [1..100])#set($l = [$l, $l])#set($k = [$k, $k])#end#if($l == $k)#end',
    ],
    ['a ring of lists', '#set($l = [])#set($k = [$l])#set($r = $l.add($k))$l'],
    ['a ring hashed', '#set($l = [])#set($r = $l.add($l))$l.hashCode()'],
    ['a macro that calls itself', '#macro(f)#f()#f()#end#f()'],
    ['a macro argument that grows', '#macro(f $a)#f("$a$a")#end#f("xxxx")'],
    [
      'defines on defines',
      `#set($d0 = "xxxx")${Array.from({ length: 40 }, (_, i) => `#define($d${i + 1})$d${i}$d${i}#end`).join('')}$d40`,
    ],
    ['evaluate of itself', "#set($e = '#evaluate($e)#evaluate($e)')#evaluate($e)"],
    [
      'evaluate in a loop',
      '#set($s = "x")#foreach($a in [1..16])#set($s = $s + $s)#end#foreach($a in [1..1000])#evaluate($s)#end',
    ],
    ['a replacement that grows', '#set($s = "x")#foreach($a in [1..1000])#set($s = $s.replace("x", "xxxxxxxx"))#end'],
    [
      'a pattern replacement that grows',
      '#set($s = "x")#foreach($a in [1..1000])#set($s = $s.replaceAll("x+?", "xxxxxxxx"))#end',
    ],
    ['an empty search', '#set($s = $input.body)#foreach($a in [1..10])#set($s = $s.replace("", $s))#end'],
    ['a huge repeat', '#set($s = "abc")$s.repeat(2000000000)'],
    ['a wide format', `#set($s = "x")$s.format("${'%999999d'.repeat(20)}"${',1'.repeat(20)})`],
    ['numbers without end', '#set($n = 99999999999999999999)#foreach($a in [1..1000])#set($n = $n * $n)#end'],
    ['the body again and again', '#foreach($a in [1..1000])#foreach($b in [1..1000])$input.body#end#end'],
    [
      'searches again and again',
      '#foreach($a in [1..1000])#foreach($b in [1..1000])#set($q = $input.path("$..a$b"))#end#end',
    ],
  ])('%s', (_, template) => {
    expect(() => render(template, JSON.stringify({ text: a }))).toThrow(TemplateRenderError)
  })

  test.each([
    '(a+)+b',
    '(a|a)*b',
    '(a|aa)+b',
    'a*a*a*a*a*b',
    '(.*)*=',
    '([a-z]+)*\\d',
    '((a{1,30}){1,30}){1,30}b',
    '(a*)\\1\\1b',
    '(?=(a+)+b)',
    '(?<=a*a*a*)b',
  ])('the pattern %s', (pattern) =>
    expect(() => render(`$input.body.replaceAll('${pattern}', '')`, a)).toThrow(TemplateRenderError),
  )

  test.each(['(((x{1000}){1000}){1000}){1000}', '('.repeat(100), 'x'.repeat(2_000), '[['.repeat(60)])(
    'a pattern too large to compile: %s',
    (pattern) => expect(() => render(`$input.body.matches('${pattern}')`)).toThrow(TemplateRenderError),
  )

  test('a group repeated over a long text does not overflow the stack', () => {
    expect(render("$input.body.matches('(a|b)*')", 'ab'.repeat(5_000))).toBe('true')
  })

  test.each([
    ['parentheses', `#set($x = ${'('.repeat(5_000)}1${')'.repeat(5_000)})`],
    ['lists', `#set($x = ${'['.repeat(5_000)}1${']'.repeat(5_000)})`],
    ['calls', `${'$a.b('.repeat(5_000)}1${')'.repeat(5_000)}`],
    ['indexes', `${'$a['.repeat(5_000)}1${']'.repeat(5_000)}`],
    ['blocks', '#if(true)'.repeat(5_000) + '#end'.repeat(5_000)],
    ['negations', `#if(${'!'.repeat(5_000)}true)#end`],
    ['operators', `#set($x = ${'$a || '.repeat(50_000)}$a)`],
  ])('nested %s are refused at load', (_, template) => {
    expect(() => compileMappingTemplate(template)).toThrow(TemplateSyntaxError)
  })

  test.each([
    ["$input.path('$')", '['],
    ["$input.json('$')", '['],
    ["$input.json('$..x')", '['],
    ["$input.path('$').size()", '{"a":'],
    ['$util.parseJson($input.body)', '['],
  ])('%s of a body nested too deeply', (template, open) => {
    const close = open === '[' ? ']' : '}'
    const body = `${open.repeat(50_000)}1${close.repeat(50_000)}`
    try {
      render(template, body)
    } catch (error) {
      expect(error).toBeInstanceOf(TemplateRenderError)
    }
  })

  test('a source longer than 300 KB is refused', () => {
    expect(() => compileMappingTemplate('x'.repeat(300 * 1024 + 1))).toThrow(TemplateSyntaxError)
    expect(compileMappingTemplate('x'.repeat(300 * 1024)).constant).toHaveLength(300 * 1024)
  })

  test('limits can be set', () => {
    const limits = { maxSteps: 100, maxOutputBytes: 10, maxIterations: 3 }
    expect(() => renderVelocity('$x'.repeat(200), {}, { maxSteps: 100 })).toThrow('more than 100 steps')
    const loops = '#foreach($a in [1..1000])#foreach($b in [1..1000])x#end#end'
    expect(() => renderVelocity(loops, {}, { maxSteps: 1e9, maxCpuMillis: 0 })).toThrow('more than 0 ms')
    expect(() => compileMappingTemplate('$input.body', { limits }).render({ ...empty, body: 'ééééé!' })).toThrow(
      'more than 10 bytes',
    )
    expect(renderVelocity('#foreach($x in [1..9])$x#end', {}, limits)).toBe('123')
  })
})
