import { expect, test } from 'vitest'
import { maxMessageBytes } from '../../src/vocabulary/frames.ts'
import { emptyRoute, emptyStage } from '../helpers/empty-stage.ts'
import { createStageGateway } from '../helpers/stage-gateway.ts'

const heldInAll = 32 * 1024 * 1024

test('what comes while nobody knows whether this worker still serves waits, up to 32 MB; more ends with words of its own', async () => {
  let known = () => {}
  const doubt = new Promise<void>((resolve) => {
    known = resolve
  })
  const bytes: number[] = []
  const ends: unknown[] = []
  const counted: string[] = []
  const stage = emptyStage({
    selectRoute(text) {
      bytes.push(text.length)
      return emptyRoute({ constant: { reply: null } })
    },
    closes(name) {
      counted.push(name)
      return { value: 0 }
    },
  })
  const { gateway, connect } = createStageGateway(stage, () => doubt)
  const connection = connect({
    end(code, reason) {
      ends.push([code, reason])
      gateway.close(connection, code, reason, 'server')
    },
  })
  const message = Buffer.alloc(maxMessageBytes)
  for (let sent = 0; sent < heldInAll; sent += maxMessageBytes) gateway.message(connection, message, false)
  expect([ends, bytes]).toEqual([[], []])

  gateway.message(connection, Buffer.alloc(1), false)
  expect(ends).toEqual([[1013, 'Too many bytes waiting']])
  expect(counted).toEqual(['tooManyBytesHeld'])

  known()
  await doubt
  const next = connect({ end: (...end) => void ends.push(end) })
  gateway.message(next, message, false)
  await doubt
  expect([ends.length, bytes]).toEqual([1, [maxMessageBytes]])
})
