import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { IntegrationResult } from '../../src/integrations/contract.ts'
import { emptyRoute, emptyStage } from '../helpers/empty-stage.ts'
import { createStageGateway } from '../helpers/stage-gateway.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('a connection whose message is still with its backend is not idle, however long that takes; then it is', async () => {
  let answer: (result: IntegrationResult) => void = () => {}
  const integration = {
    constant: null,
    invoke: () =>
      new Promise<IntegrationResult>((resolve) => {
        answer = resolve
      }),
    close() {},
  }
  const stage = emptyStage({
    idleTimeoutInMillis: 10_000,
    selectRoute: () => emptyRoute({ routeKey: '$default', integration, twoWay: true }),
  })
  const { gateway, connect } = createStageGateway(stage)
  const sent: unknown[] = []
  const ends: unknown[] = []
  const connection = connect({
    send(data) {
      sent.push(data)
      return 'sent'
    },
    end: (...end) => void ends.push(end),
  })

  gateway.message(connection, Buffer.from('slow'), false)
  await vi.advanceTimersByTimeAsync(120_000)
  expect(ends).toEqual([])
  answer({ status: 200, headers: [], body: 'at last' })
  await vi.advanceTimersByTimeAsync(9_000)
  expect([sent, ends]).toEqual([['at last'], []])
  await vi.advanceTimersByTimeAsync(3_000)
  expect(ends).toEqual([[1001, 'Going away']])
})
