import fc from 'fast-check'
import { firstIndexOf, lastIndexOf } from 'postern-documents/regex/literal-search'
import { describe, expect, test } from 'vitest'
import { compileMappingTemplate, TemplateRenderError } from '../../src/mapping/template.ts'
import { contextOf } from './render-case.ts'

const rest = { params: { path: {}, querystring: {}, header: {} }, context: contextOf({}), stageVariables: {} }

/** Milliseconds of processor time that a rendering takes, whether it is given up or not. */
function millisOf(template: string, body: string): number {
  const compiled = compileMappingTemplate(template)
  const before = process.cpuUsage()
  try {
    compiled.render({ ...rest, body })
  } catch (error) {
    expect(error).toBeInstanceOf(TemplateRenderError)
  }
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1_000
}

/** Makes `$s`: the message again and again, some megabytes of it. */
const grown = (times: number) => `#set($s = $input.body)#foreach($i in [1..${times}])#set($s = "$s$s")#end`

// 40 ms and the longest single call, on a machine that does other things; each took up to several seconds before.
const enough = 700

describe('a single call does not pass the budget by much', () => {
  const open = '['.repeat(62_000)
  test.each([
    ['nested lists read', `${grown(0)}$util.parseJson($input.body)`, `${open}${']'.repeat(62_000)}`],
    [
      'nested lists of a megabyte',
      `#set($o = "${'['.repeat(4_000)}")#set($c = "${']'.repeat(4_000)}")#foreach($i in [1..7])#set($o = "$o$o")#set($c = "$c$c")#end#set($x = $util.parseJson("$o$c"))`,
      '',
    ],
    ['nested lists of a backend', "$input.path('$.a')", `${'['.repeat(500_000)}${']'.repeat(500_000)}`],
    [
      'many numbers with digits',
      `#set($x = $util.parseJson($input.body))#set($x = $util.parseJson($input.body))`,
      `[${'1.0,'.repeat(200_000)}1]`,
    ],
    [
      'huge texts compared',
      `${grown(6)}#set($t = "$s")#foreach($i in [1..1000])#if($s == $t)#end#end`,
      'x'.repeat(100_000),
    ],
    [
      'huge texts compared by methods',
      `${grown(6)}#set($t = "$s")#foreach($i in [1..1000])#if($s.equals($t) && $s.startsWith($t) && $s.endsWith($t) && $s.contentEquals($t))#end#end`,
      'x'.repeat(100_000),
    ],
    [
      'huge names of a map',
      `${grown(6)}#set($t = "$s")#set($m = {})#set($m[$s] = 1)#foreach($i in [1..1000])#set($x = $m[$t])#set($x = $m.get($t))#end`,
      'x'.repeat(100_000),
    ],
    [
      'a search that almost finds',
      `${grown(1)}#set($p = $s.substring(0, 60000).concat("b"))$s.indexOf($p) $s.lastIndexOf($p) $s.contains($p)`,
      'a'.repeat(100_000),
    ],
    [
      'a replacement that almost finds',
      `${grown(1)}#set($p = $s.substring(0, 30000).concat("b").concat($s.substring(0, 30000)))$s.replace($p, "")`,
      'a'.repeat(100_000),
    ],
    ['a replacement of every character', `${grown(4)}$s.replace("a", "bb").length()`, 'a'.repeat(100_000)],
    ['a long replacement', `${grown(3)}$s.replaceAll("a", $s).length()`, 'a'.repeat(100_000)],
    [
      'filters in filters',
      "$input.path('$..[?(@..a)]')",
      JSON.stringify(Array.from({ length: 1_000 }, () => JSON.parse(`${'['.repeat(60)}1${']'.repeat(60)}`))),
    ],
    [
      'filters that compare everything',
      "$input.path('$[?(@ == $)]')",
      JSON.stringify(Array.from({ length: 9_000 }, (_, i) => [i])),
    ],
    ['marks to encode', `${grown(4)}$util.urlEncode($s).length()`, "!'()~é".repeat(20_000)],
    ['escapes to decode', `${grown(4)}$util.urlDecode($s).length()`, '%41 '.repeat(25_000)],
    [
      'texts folded and compared',
      `${grown(4)}#set($t = "$s")$s.equalsIgnoreCase($t) $s.compareTo($t) $s.hashCode()`,
      'É'.repeat(50_000),
    ],
    ['a number without end', "$input.path('$.n')", `{"n":${'9'.repeat(130_000)}}`],
  ])('%s', (_, template, body) => {
    expect(millisOf(template, body)).toBeLessThan(enough)
  })
})

test('the search of long patterns finds what JavaScript finds', () => {
  const budget = { step() {}, characters() {}, limitLength() {} }
  const unit = fc.constantFrom('a', 'a', 'a', 'b')
  // Long enough for the search of our own.
  const far = 'a'.repeat(1_200)
  fc.assert(
    fc.property(
      fc.string({ unit, maxLength: 12 }),
      fc.string({ unit, maxLength: 6 }),
      fc.nat(3_000),
      (middle, end, from) => {
        const text = `${far}${middle}${far}${end}`
        const pattern = `${middle.slice(2)}${far.slice(0, 900)}${end}`
        expect(firstIndexOf(text, pattern, from, budget)).toBe(text.indexOf(pattern, from))
        expect(lastIndexOf(text, pattern, from, budget)).toBe(text.lastIndexOf(pattern, from))
      },
    ),
    { numRuns: 300 },
  )
})
