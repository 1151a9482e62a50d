import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { LocalSocket } from '../helpers/local-sockets.ts'
import { startRedis } from '../helpers/redis-server.ts'
import { idOf, redisWorker } from '../helpers/redis-workers.ts'
import { storedIds } from '../helpers/stored-records.ts'

const leaseSeconds = 2
const deadline = { timeout: 30_000, interval: 50 }

test('a Redis that comes back slowly, with what it held some time ago: nobody is buried, and every record is as it should be', async () => {
  // Twenty milliseconds a key: it loads for some seconds.
  const server = await startRedis(['--key-load-delay', '20000'])
  const workers = [0, 1].map(() => redisWorker(server.url, { leaseSeconds, timings: { sweep: 200 } }))
  try {
    await Promise.all(workers.map(({ registry }) => registry.start()))
    const [near, far] = workers as [(typeof workers)[0], (typeof workers)[0]]
    const sockets = [...(await near.connect(20)), ...(await far.connect(20))]
    await server.client.mset(Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`other:${i}`, 'x'])))
    await server.client.save()
    const owners = workers.map(({ registry }) => registry.owner)
    for (const ended of sockets.splice(15, 10)) {
      const { sockets: held, registry } = near.opened.includes(ended) ? near : far
      held.drop(idOf(ended))
      await registry.remove(idOf(ended), Promise.resolve())
    }
    sockets.push(...(await near.connect(5)), ...(await far.connect(5)))
    await pause(leaseSeconds * 1000) // until both have seen enough to judge who is dead
    await server.restart()
    await expect.poll(() => storedIds(server.client), deadline).toEqual(sockets.map(idOf).sort())
    for (const socket of sockets) await expect.poll(() => near.push(socket as LocalSocket), deadline).toBe('sent')
    await pause(2 * leaseSeconds * 1000) // time in which a living worker would be buried
    expect(await storedIds(server.client)).toEqual(sockets.map(idOf).sort())
    expect(workers.map(({ registry }) => registry.owner)).toEqual(owners)
    expect(workers.flatMap(({ undertaken, owed }) => [...undertaken, ...owed])).toEqual([])
  } finally {
    await Promise.all(workers.map(({ registry }) => registry.close()))
    await server.close()
  }
}, 60_000)
