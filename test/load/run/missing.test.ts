import { expect, test } from 'vitest'
import { echo, play, startServer } from './play.ts'

test('connections that are not there at the end of the last phase that keeps them are missing, those that came back are not', async () => {
  let connections = 0
  const { ws } = await startServer({
    onConnection(socket) {
      // Every third one is sent away once; the rest stays.
      if (connections++ < 9 && connections % 3 === 0) setTimeout(() => socket.close(1001), 200)
    },
  })
  const phases = [
    { phase: 'ramp', connections: 9, duration: '200ms' },
    { phase: 'hold', duration: '2800ms' },
    { phase: 'drain', duration: '300ms' },
  ]
  const without = await play({ target: ws, phases, thresholds: ['missing == 3'] })
  expect(without.totals.connections).toMatchObject({ opened: 9, missing: 3 })
  expect(without.passed).toBe(true)
  connections = 0
  const back = await play({ target: ws, phases, connection: { reconnect: '100ms' }, thresholds: ['missing == 0'] })
  expect(back.totals.connections).toMatchObject({ opened: 12, missing: 0 })
})

test('a spike wants its connections until it ends', async () => {
  const { ws } = await startServer({ onConnection: echo })
  const result = await play({ target: ws, phases: [{ phase: 'spike', connections: 12, duration: '3s' }] })
  expect(result.totals.connections).toMatchObject({ opened: 12, peak: 12, missing: 0 })
})
