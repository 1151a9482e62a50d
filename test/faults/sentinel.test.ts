import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { printAccount } from '../helpers/fleet.ts'
import type { LocalSocket } from '../helpers/local-sockets.ts'
import { type RedisSentinels, sentinelPasswords, startSentinels } from '../helpers/redis-sentinel.ts'
import { idOf, type RedisWorker, redisWorker } from '../helpers/redis-workers.ts'
import { storedIds } from '../helpers/stored-records.ts'

const leaseSeconds = 3
const deadline = { timeout: 60_000, interval: 100 }

let sentinels: RedisSentinels
let workers: RedisWorker[]
const rejections: unknown[] = []
const keepRejection = (reason: unknown) => void rejections.push(reason)
beforeEach(async () => {
  rejections.length = 0
  process.on('unhandledRejection', keepRejection)
  sentinels = await startSentinels()
  const { redis: password, sentinel: sentinelPassword } = sentinelPasswords
  workers = [0, 1, 2].map(() =>
    redisWorker(sentinels.url, { password, sentinelPassword, leaseSeconds, timings: { sweep: 500 } }),
  )
  await Promise.all(workers.map(({ registry }) => registry.start()))
})
afterEach(async () => {
  await Promise.all(workers.map(({ registry }) => registry.close()))
  await sentinels.close()
  process.off('unhandledRejection', keepRejection)
})

/** Pushes at random, opens and closes, for as long as it is told to. */
async function load(sockets: LocalSocket[], goesOn: () => boolean): Promise<Record<string, number>> {
  const outcomes: Record<string, number> = {}
  for (let i = 0; goesOn(); i++) {
    const [from, to] = [workers[i % 3], workers[(i + 1) % 3]] as [RedisWorker, RedisWorker]
    const socket = sockets[Math.floor(Math.random() * sockets.length)] as LocalSocket
    const outcome = await from.push(socket, `${i % 3} ${i}`)
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
    // Nobody waits for Redis before a client is let in.
    const record = { ...socket.description, connectionId: to.registry.allocateId() }
    void to.registry.add(record)
    const opened = to.sockets.open(record)
    to.opened.push(opened)
    sockets.push(opened)
    const ended = sockets.splice(Math.floor(Math.random() * sockets.length), 1)[0] as LocalSocket
    const owner = workers.find(({ sockets: held }) => held.describe(idOf(ended)) !== null) as RedisWorker
    owner.sockets.drop(idOf(ended))
    void owner.registry.remove(idOf(ended), pause(10))
    await pause(5)
  }
  return outcomes
}

const faults: [string, (of: RedisSentinels) => void, (of: RedisSentinels) => void][] = [
  ['is killed', ({ master }) => void master.kill(), () => {}],
  [
    'stands still, and wakes as a master',
    ({ master }) => master.child.kill('SIGSTOP'),
    ({ master }) => master.child.kill('SIGCONT'),
  ],
]

for (const [what, begin, wake] of faults) {
  test(`a master that ${what} behind Sentinels, under load: nobody is buried, no record is lost, no storm`, async () => {
    const sockets = (await Promise.all(workers.map((worker) => worker.connect(50)))).flat()
    const owners = workers.map(({ registry }) => registry.owner)
    const before = await sentinels.accepted()
    let goesOn = true
    const loading = load(sockets, () => goesOn)
    await pause(leaseSeconds * 1000)
    const startedAt = performance.now()
    begin(sentinels)
    await expect.poll(() => workers.every(({ registry }) => registry.trouble() !== null), deadline).toBe(true)
    await expect.poll(() => sentinels.replica.client.role(), deadline).toContain('master')
    wake(sentinels)
    await expect.poll(() => workers.every(({ registry }) => registry.trouble() === null), deadline).toBe(true)
    const took = performance.now() - startedAt
    const attempts = (await sentinels.accepted()) - before
    await pause(2 * leaseSeconds * 1000) // time in which a living worker would be buried
    goesOn = false
    const outcomes = await loading
    await expect.poll(() => storedIds(sentinels.replica.client), deadline).toEqual(sockets.map(idOf).sort())
    for (const socket of sockets.slice(0, 20)) {
      for (const worker of workers) await expect.poll(() => worker.push(socket, 'x'), deadline).toBe('sent')
    }
    const disordered = workers.flatMap(({ opened }) => opened).filter(({ frames }) => !inOrder(frames)).length
    const buried = workers.reduce((sum, { undertaken, owed }) => sum + undertaken.length + owed.length, 0)
    printAccount(`master behind Sentinels ${what}`, {
      ...{
        connections: sockets.length,
        stored: (await storedIds(sentinels.replica.client)).length,
        ...outcomes,
        disordered,
        buried,
      },
      ...{
        'milliseconds away': Math.round(took),
        'connections tried': attempts,
        'unhandled rejections': rejections.length,
      },
    })
    expect(outcomes.gone ?? 0).toBe(0)
    expect(disordered).toBe(0)
    expect(buried).toBe(0)
    expect(workers.map(({ registry }) => registry.owner)).toEqual(owners)
    // Each worker has two ways to Redis, each tries at most some ten times a second, and asks a Sentinel first; the
    // rest are the Sentinels' own.
    expect(attempts).toBeLessThan(100 + (took / 1000) * workers.length * 20)
    expect(rejections).toEqual([])
  }, 120_000)
}

/** Whether the frames of each poster came once and in the order of its calls: `poster number`. */
function inOrder(frames: readonly { data: string | Uint8Array }[]): boolean {
  return [0, 1, 2].every((poster) => {
    const own = frames.map(({ data }) => String(data).split(' ')).filter(([from]) => from === String(poster))
    return own.every(([, number], i) => i === 0 || Number(number) > Number(own[i - 1]?.[1]))
  })
}
