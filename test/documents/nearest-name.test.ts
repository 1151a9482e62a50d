import fc from 'fast-check'
import { expect, test } from 'vitest'
import { nearestName } from '../../documents/src/nearest-name.ts'

const members = ['integrationUri', 'integrationType', 'integrationMethod', 'timeoutInMillis', 'port', 'stages']

test.each([
  ['integrationUrl', 'integrationUri'],
  ['intergrationType', 'integrationType'],
  ['timeoutInMilis', 'timeoutInMillis'],
  ['timeoutinmillis', 'timeoutInMillis'],
  ['prot', 'port'],
  ['stage', 'stages'],
])('%s most likely means %s', (typed, meant) => {
  expect(nearestName(typed, members)).toBe(meant)
})

test.each(['colour', 'x', 'po', ''])('%j is like none', (typed) => {
  expect(nearestName(typed, members)).toBeNull()
})

test('a name is not the nearest of itself', () => {
  expect(nearestName('port', ['port'])).toBeNull()
})

test('a very long name is like none, at no cost', () => {
  expect(nearestName('a'.repeat(1_000_000), ['a'.repeat(1_000_000)])).toBeNull()
})

test('one slip in a name of five letters or more is always found', () => {
  const name = fc.stringMatching(/^[a-z]{5,20}$/)
  fc.assert(
    fc.property(name, fc.nat(), fc.constantFrom('drop', 'add', 'change', 'swap'), (meant, random, slip) => {
      const at = random % (meant.length - 1)
      const typed = {
        drop: meant.slice(0, at) + meant.slice(at + 1),
        add: `${meant.slice(0, at)}_${meant.slice(at)}`,
        change: `${meant.slice(0, at)}_${meant.slice(at + 1)}`,
        swap: meant.slice(0, at) + meant[at + 1] + meant[at] + meant.slice(at + 2),
      }[slip]
      expect(nearestName(typed, [meant])).toBe(typed === meant ? null : meant)
    }),
  )
})
