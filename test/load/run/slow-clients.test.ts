import { expect, test } from 'vitest'
import { startExamples } from '../../helpers/examples.ts'
import { play } from './play.ts'

test('clients that stop reading are refused to posters, and read at last all that was accepted for them', async () => {
  const { ws } = await startExamples()
  const result = await play({
    target: `${ws}/echo/dev`,
    connection: { slow: { share: 0.5, bytesPerSecond: 1 } },
    onOpen: [{ send: 'who am I', save: { connectionId: '$.connectionId' } }],
    pushes: { body: '{{stamp}}{{pad(100000)}}', concurrency: 4, expect: [200, 429] },
    phases: [
      { phase: 'ramp', connections: 4, rate: 100, traffic: false },
      { phase: 'hold', duration: '1m' },
    ],
    // What a slow client is sent has to fill the buffers of the kernel, however long that takes.
    limits: { messages: 500 },
    settle: '10s',
    thresholds: ['posts.429 > 0', 'errors == 0', 'lost == 0', 'outOfOrder == 0', 'duplicated == 0'],
  })
  expect(result.thresholds.filter(({ passed }) => !passed)).toEqual([])
  const { pushes } = result.delivery
  expect(pushes).toMatchObject({ expected: result.totals.pushes.accepted, cutOff: 0, unannounced: 0 })
  expect(pushes?.received).toBe(pushes?.expected)
  expect(result.statuses.posts['429']).toBe(result.totals.pushes.posted - result.totals.pushes.accepted)
})
