import { fittedText } from 'postern-documents/fitted-text'
import { expect, test } from 'vitest'

test('prose that is too wide is filled anew, and what fits stays as it is', () => {
  const text = 'one two three four five six\nseven eight\n\nnine\nten\n'
  expect(fittedText(text, 20)).toBe('one two three four\nfive six seven eight\n\nnine\nten\n')
  expect(fittedText(text, 80)).toBe(text)
})

test('the second of two columns goes on below itself', () => {
  const text = '  alive    its lease lasts and it answers\n'
  expect(fittedText(text, 33)).toBe('  alive    its lease lasts and it\n           answers\n')
})

test('where there is no room beside it, it goes below', () => {
  const text =
    '  postern start                  serve what is there\n                                 and more than that\n'
  expect(fittedText(text, 40)).toBe('  postern start\n      serve what is there\n      and more than that\n')
})

test('a command is never broken', () => {
  const text = '  postern connect ws://127.0.0.1:8080/chat/dev\n'
  expect(fittedText(text, 20)).toBe(text)
})
