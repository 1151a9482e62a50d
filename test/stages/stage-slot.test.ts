import { expect, test, vi } from 'vitest'
import type { Stage } from '../../src/stages/stage.ts'
import { createStageSlot } from '../../src/stages/stage-slot.ts'

/** A slot never looks into a stage beyond its names. */
const slotOfDev = () => createStageSlot({ apiId: 'chat', name: 'dev' } as Stage)

test('a slot that nothing has entered is left at once', () => {
  const left = vi.fn()
  slotOfDev().whenLeft(left)
  expect(left).toHaveBeenCalledTimes(1)
})

test('a slot is left with the last that has entered, once', () => {
  const [slot, left] = [slotOfDev(), vi.fn()]
  slot.enter()
  slot.enter()
  slot.leave()
  slot.enter()
  slot.whenLeft(left)
  slot.leave()
  expect(left).not.toHaveBeenCalled()
  slot.leave()
  slot.enter()
  slot.leave()
  expect(left).toHaveBeenCalledTimes(1)
})

test('a connection that closes while it is being accepted leaves before it has entered', () => {
  const [slot, left] = [slotOfDev(), vi.fn()]
  slot.leave()
  slot.enter()
  slot.whenLeft(left)
  expect(left).toHaveBeenCalledTimes(1)
})
