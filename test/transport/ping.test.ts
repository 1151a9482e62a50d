import { expect, test } from 'vitest'
import { pingTiming } from '../../src/transport/uws/ping-timing.ts'
import { startServer } from './harness.ts'
import { clientFrame, handshake, opcodes } from './raw-client.ts'

test.each([
  [0, 0, false],
  [1, 8, true],
  [4, 8, true],
  [11, 15, true],
  [12, 20, true],
  [23, 31, true],
  [24, 40, true],
  [60, 76, true],
  [944, 960, true],
  [3600, 960, true],
])('a ping after %i seconds of silence is an idle timeout of %i', (interval, idleTimeout, sendPingsAutomatically) => {
  expect(pingTiming(interval)).toEqual({ idleTimeout, sendPingsAutomatically })
})

test('a silent client is pinged: one that answers stays, one that does not is dropped as unresponsive, whatever is sent to it', async () => {
  const server = await startServer({ pingIntervalInSeconds: 4 })
  const dead = server.client().write(handshake())
  await dead.readTo('\r\n\r\n')
  const deadSocket = await server.opened.next()
  const talk = setInterval(() => deadSocket.send('are you there', false), 1000)
  const alive = server.client().write(handshake())
  await alive.readTo('\r\n\r\n')
  for (let i = 0; i < 3; i++) {
    expect((await alive.readFrame()).opcode).toBe(opcodes.ping)
    alive.write(clientFrame(opcodes.pong, ''))
  }
  clearInterval(talk)
  expect(server.closes.all).toEqual([{ code: 1006, reason: '', cause: 'unresponsive' }])
  await dead.closed
  expect(alive.isClosed).toBe(false)
}, 40_000)
