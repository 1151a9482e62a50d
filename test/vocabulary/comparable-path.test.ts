import { expect, test } from 'vitest'
import { comparablePath } from '../../src/vocabulary/comparable-path.ts'

test('a path keeps only the percent-encoding that it needs', () => {
  expect(comparablePath('/p%65ts')).toBe('/pets')
  expect(comparablePath('a%2fb%2F%7e%C3%a9')).toBe('a%2Fb%2F~%C3%A9')
  expect(comparablePath('100%')).toBe('100%')
  expect(comparablePath('%2561')).toBe('%2561')
})
