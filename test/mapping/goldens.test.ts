import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { TemplateRenderError, TemplateSyntaxError } from '../../src/mapping/template.ts'
import { families, type Golden, readCases } from './oracle/cases.ts'
import { renderCase } from './render-case.ts'

describe.each(families())('like Velocity 1.7: %s', (family) => {
  const path = new URL(`./goldens/${family}.json`, import.meta.url)
  const goldens = JSON.parse(readFileSync(path, 'utf8')) as Golden[]
  const cases = readCases(family)

  test('the goldens are those of the cases', () => {
    expect(goldens.map((golden) => golden.template)).toEqual(cases.map((one) => one.template))
  })

  test.each(cases.map((one, i) => ({ ...one, golden: goldens[i] as Golden })))('$template', (one) => {
    const { output, error } = one.golden
    if (error === undefined) expect(renderCase(one)).toBe(output)
    else expect(() => renderCase(one)).toThrow(anError)
  })
})

const anError = expect.toSatisfy(
  (thrown: unknown) => thrown instanceof TemplateSyntaxError || thrown instanceof TemplateRenderError,
)
