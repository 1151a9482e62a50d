import { expect, test } from 'vitest'
import { createEngine } from '../../../load/src/worker/engine.ts'
import type { LastWords, Slice, WorkerPlan } from '../../../load/src/worker/plan.ts'
import { scenarioOf } from '../run/play.ts'

async function planOf(): Promise<WorkerPlan> {
  const { definition } = await scenarioOf({
    target: 'ws://127.0.0.1:9',
    phases: [{ phase: 'hold', duration: '1m' }],
  })
  return {
    ...{ run: 1, scenario: definition, clients: [0], share: 1, data: [], env: {}, ca: null },
    ...{ postConcurrency: 1, drivesRest: false },
  }
}

test('a worker that is stopped before its start has had no time', async () => {
  const slices: Slice[] = []
  const plan = await planOf()
  const last = await new Promise<LastWords>((done) => {
    const engine = createEngine(plan, { slice: (slice) => slices.push(slice), limit() {}, done })
    engine.stop()
  })
  expect(last).toMatchObject({ messagesUnsent: 0, closes: {} })
  expect(slices.map(({ duration, settling, isLast }) => ({ duration, settling, isLast }))).toEqual([
    { duration: 0, settling: true, isLast: true },
  ])
})
