import fc from 'fast-check'
import { compileJsonPath, JsonPathError } from 'postern-documents/json-path'
import { expect, test } from 'vitest'
import { compileMappingTemplate, TemplateRenderError, TemplateSyntaxError } from '../../src/mapping/template.ts'
import { anyUtf16 } from '../helpers/any-text.ts'
import { contextOf, renderVelocity } from './render-case.ts'

const plain = anyUtf16.map((text) => text.replace(/[$#\\]/g, ''))

test('text without $, # and backslash renders to itself', () => {
  fc.assert(fc.property(plain, (text) => void expect(renderVelocity(text)).toBe(text)))
  fc.assert(fc.property(plain, (text) => void expect(compileMappingTemplate(text).constant).toBe(text)))
})

test('a body goes through unchanged', () => {
  const template = compileMappingTemplate('$input.body')
  const rest = { params: { path: {}, querystring: {}, header: {} }, context: contextOf({}), stageVariables: {} }
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), (body) => void expect(template.render({ body, ...rest })).toBe(body)),
  )
})

test('$input.json gives back any JSON', () => {
  const template = compileMappingTemplate("$input.json('$.v')")
  const rest = { params: { path: {}, querystring: {}, header: {} }, context: contextOf({}), stageVariables: {} }
  const notNull = fc.jsonValue().filter((value) => value !== null)
  fc.assert(
    fc.property(notNull, (v) => {
      const text = JSON.stringify({ v })
      expect(JSON.parse(template.render({ body: text, ...rest }))).toEqual(JSON.parse(text).v)
    }),
  )
})

const fragments = fc.constantFrom(
  '$a',
  '$!x',
  '${a}',
  '$x.y',
  '$a.length()',
  '$a.replaceAll("(a|b)*","$a")',
  '$list',
  '$list[0]',
  '$m.k',
  '$',
  '$!',
  '${',
  '\\',
  '\\\\',
  '#',
  '##',
  '#*',
  '*#',
  '#[[',
  ']]#',
  '#if($a)',
  '#if(!$x && 1 < 2)',
  '#elseif($t)',
  '#else',
  '#end',
  '#foreach($x in $list)',
  '#foreach($x in [1..50])',
  '#set($a = "$a$a")',
  '#set($x = [$x, $list])',
  '#set($x = $a + 1)',
  '#set($m.k = $m)',
  '#macro(f $x)',
  '#f($a)',
  '#@f("x")',
  '#define($d)',
  '$d',
  '#evaluate($a)',
  "#evaluate('#f(1)')",
  '#break',
  '#stop',
  '#set($x = ',
  ')',
  '(',
  '[',
  ']',
  '{',
  '}',
  '"',
  "'",
  ',',
  '..',
  '=',
  '==',
  '1',
  '1.5',
  '-',
  '+',
  '&&',
  'in',
  'text',
  ' ',
  '\n',
  'é',
  '😀',
)

const ended = (error: unknown) => error instanceof TemplateSyntaxError || error instanceof TemplateRenderError

test('anything made of fragments renders, or is refused, within the budget', () => {
  const variables = { a: 'A#f($a)', list: [1, 'x', null], m: { k: 'v' }, t: true }
  const limits = { maxSteps: 20_000, maxOutputBytes: 100_000 }
  fc.assert(
    fc.property(fc.array(fragments, { maxLength: 30 }), (parts) => {
      try {
        renderVelocity(parts.join(''), variables, limits)
      } catch (error) {
        if (!ended(error)) throw error
      }
    }),
    { numRuns: 3_000 },
  )
})

test('the parser throws nothing but TemplateSyntaxError', () => {
  const text = fc
    .array(fc.oneof(fragments, fc.string({ maxLength: 3 })), { maxLength: 40 })
    .map((parts) => parts.join(''))
  fc.assert(
    fc.property(text, (source) => {
      try {
        compileMappingTemplate(source)
      } catch (error) {
        if (!(error instanceof TemplateSyntaxError)) throw error
      }
    }),
    { numRuns: 3_000 },
  )
})

test('a regular expression matches as JavaScript does, or is refused', () => {
  const piece = fc.constantFrom(
    'a',
    'b',
    '.',
    '[ab]',
    '[^a]',
    '(a)',
    '(?:b|ab)',
    'a*',
    'b+?',
    'a?',
    '(a|b)*',
    'a{1,2}',
    '^',
    '$',
    '\\b',
    '(b)?',
    '(?=a)',
    '(?!b)',
  )
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', ' '), maxLength: 8 })
  fc.assert(
    fc.property(fc.array(piece, { minLength: 1, maxLength: 5 }), text, (parts, subject) => {
      const pattern = parts.join('')
      const ours = renderVelocity(`$s.replaceAll('${pattern}', '<$0>')`, { s: subject })
      expect(ours).toBe(subject.replace(new RegExp(pattern, 'g'), (match) => `<${match}>`))
    }),
    { numRuns: 3_000 },
  )
})

test('a JSONPath reads the value that plain code would', () => {
  const name = fc.string({ minLength: 1, maxLength: 5 }).filter((text) => !/['\\]/.test(text))
  fc.assert(
    fc.property(fc.array(fc.oneof(name, fc.nat({ max: 3 })), { maxLength: 5 }), fc.jsonValue(), (steps, leaf) => {
      const document = steps.reduceRight<unknown>(
        (value, step) =>
          typeof step === 'number'
            ? Array.from({ length: 4 }, (_, i) => (i === step ? value : null))
            : Object.fromEntries([[step, value]]),
        leaf,
      )
      const path = `$${steps.map((step) => (typeof step === 'number' ? `[${step}]` : `['${step}']`)).join('')}`
      expect(compileJsonPath(path).read(document)).toBe(leaf)
    }),
  )
})

test('compiling a JSONPath throws nothing but JsonPathError', () => {
  const text = fc.array(
    fc.constantFrom(
      '$',
      '.',
      '..',
      '[',
      ']',
      "'",
      '"',
      'a',
      '*',
      '?',
      '(',
      ')',
      '@',
      '==',
      '1',
      '-',
      ',',
      ':',
      '\\',
      ' ',
    ),
    { maxLength: 20 },
  )
  fc.assert(
    fc.property(text, (parts) => {
      try {
        compileJsonPath(`$${parts.join('')}`).read({ a: [1, { a: 2 }] })
      } catch (error) {
        if (!(error instanceof JsonPathError)) throw error
      }
    }),
    { numRuns: 3_000 },
  )
})
