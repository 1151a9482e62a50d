import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { listMethods } from '../../src/mapping/methods/collection.ts'
import { mapMethods } from '../../src/mapping/methods/map.ts'
import { stringMethods } from '../../src/mapping/methods/string.ts'
import { compileMappingTemplate } from '../../src/mapping/template.ts'
import { defaultLimits } from '../../src/mapping/velocity/limits.ts'
import { contextOf } from './render-case.ts'

const page = readFileSync(new URL('../../docs/mapping-templates.md', import.meta.url), 'utf8')
const blocks = [...page.matchAll(/```(json|vtl|text)\n([\s\S]*?)\n```/g)].map(([, kind, text]) => ({
  kind,
  text: text ?? '',
}))
const body = blocks.find((block) => block.kind === 'json')?.text ?? ''
const examples = blocks
  .map((block, i) => ({ template: block.text, output: blocks[i + 1]?.text ?? '', kind: block.kind }))
  .filter((example) => example.kind === 'vtl')

test.each(examples)('the example $template', ({ template, output }) => {
  const rendered = compileMappingTemplate(template).render({
    body,
    params: { path: {}, querystring: {}, header: {} },
    context: contextOf({ routeKey: 'send' }),
    stageVariables: {},
  })
  expect(rendered).toBe(output)
})

test.each([
  ['text', stringMethods],
  ['lists', listMethods],
  ['maps', mapMethods],
])('the methods of %s are those on the page', (kind, methods) => {
  const row = new RegExp(`^\\| ${kind} \\| \`([^\`]*)\``, 'm').exec(page)?.[1] ?? ''
  const everywhere = ['toString', 'equals', 'hashCode']
  expect([...new Set([...row.split(' '), ...everywhere])].sort()).toEqual([...methods.keys()].sort())
})

test('the limits are those on the page', () => {
  const { maxIterations, maxSteps, maxMacroDepth, maxNesting, maxDataDepth } = defaultLimits
  for (const limit of [maxIterations, maxSteps, maxMacroDepth, maxNesting, maxDataDepth]) {
    expect(page).toContain(`| ${limit.toLocaleString('en')} |`)
  }
  expect(defaultLimits.maxSourceBytes).toBe(300 * 1024)
  expect(defaultLimits.maxOutputBytes).toBe(10 * 1024 * 1024)
})
