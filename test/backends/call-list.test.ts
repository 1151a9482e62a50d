import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CallList } from '../../src/backends/call-list.ts'

interface Call {
  before: Call | null
  after: Call | null
}

test('calls come out in their order, whichever left before', () => {
  const step = fc.oneof(
    fc.record({ what: fc.constant('add' as const) }),
    fc.record({ what: fc.constant('shift' as const) }),
    fc.record({ what: fc.constant('remove' as const), index: fc.nat() }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const list = new CallList<Call>()
      const model: Call[] = []
      for (const each of steps) {
        if (each.what === 'add') {
          const call: Call = { before: null, after: null }
          list.add(call)
          model.push(call)
        } else if (each.what === 'shift') {
          expect(list.shift()).toBe(model.shift() ?? null)
        } else if (model.length > 0) {
          const [removed] = model.splice(each.index % model.length, 1)
          list.remove(removed as Call)
          expect(removed).toEqual({ before: null, after: null })
        }
        expect(list.size).toBe(model.length)
        expect(list.all()).toEqual(model)
      }
    }),
  )
})
