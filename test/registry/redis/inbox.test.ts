import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { createInbox, type Inbox } from '../../../src/registry/redis/inbox.ts'
import type { RedisSubscription, SubscribeOptions } from '../../../src/store/contract.ts'
import type { LocalSocket } from '../../helpers/local-sockets.ts'
import { redisOf } from '../../helpers/redis-client.ts'
import { silentLog } from '../../helpers/redis-registry.ts'
import { startRedis } from '../../helpers/redis-server.ts'
import { type RedisWorker, redisWorker } from '../../helpers/redis-workers.ts'

interface Opening {
  readonly channel: string
  succeed(): void
  fail(): void
  /** The subscription ends by itself. */
  end(): void
}

let openings: Opening[]
let closed: Opening[]
let listeners: number
let inbox: Inbox

function open(): void {
  openings = []
  closed = []
  listeners = 1
  const redis = redisOf({
    run: async () => listeners,
    subscribe: ({ channel, ended }: SubscribeOptions) =>
      new Promise<RedisSubscription>((resolve, reject) => {
        const opening: Opening = {
          channel,
          succeed: () => resolve({ end: async () => {}, close: () => void closed.push(opening) }),
          fail: () => reject(new Error('refused')),
          end: () => ended(new Error('it ended')),
        }
        openings.push(opening)
      }),
  })
  inbox = createInbox({
    ...{ redis, log: silentLog, random: () => 0, retry: 20, commandTimeout: 20, receive() {}, changed() {} },
  })
}
afterEach(() => inbox.close())

describe('an inbox', () => {
  test('that could not be opened in time is opened anew, and the one that comes too late is closed', async () => {
    open()
    await inbox.listen('one')
    expect(inbox.trouble).toMatch(/does not answer/)
    await expect.poll(() => openings.length).toBe(2)
    openings[1]?.succeed()
    await expect.poll(() => inbox.trouble).toBeNull()
    openings[0]?.succeed()
    await expect.poll(() => closed).toEqual([openings[0]])
  })

  test('that moves to another channel while it waits for its next try opens that one only', async () => {
    open()
    const first = inbox.listen('one')
    openings[0]?.fail()
    await first
    const second = inbox.listen('two')
    openings[1]?.succeed()
    await second
    await pause(50) // the pause before another try is 2 ms
    expect(openings.map(({ channel }) => channel)).toEqual(['one', 'two'])
    expect(inbox.trouble).toBeNull()
  })

  test('that ended, or that nobody hears in, is opened anew', async () => {
    open()
    void inbox.listen('one')
    openings[0]?.succeed()
    await expect.poll(() => inbox.trouble).toBeNull()
    openings[0]?.end()
    expect(inbox.trouble).toMatch(/it ended/)
    await expect.poll(() => openings.length).toBe(2)
    openings[1]?.succeed()
    await expect.poll(() => inbox.trouble).toBeNull()
    for (const _ of [1, 2]) await inbox.check(Buffer.alloc(1))
    expect(inbox.trouble).toBeNull()
    await inbox.check(Buffer.alloc(1)) // three echoes in a row have not come
    expect(inbox.trouble).toMatch(/deaf/)
    expect(closed).toContain(openings[1])
    await expect.poll(() => openings.length).toBe(3)
    openings[2]?.succeed()
    await expect.poll(() => inbox.trouble).toBeNull()
    listeners = 0
    await inbox.check(Buffer.alloc(1))
    expect(inbox.trouble).toMatch(/deaf/)
  })

  test('that has ended or closed is not opened any more', async () => {
    for (const finish of [() => inbox.end(), async () => inbox.close()]) {
      open()
      const opening = inbox.listen('one')
      openings[0]?.fail()
      await opening
      await finish()
      await pause(50)
      expect(openings).toHaveLength(1)
    }
  })

  test('that Redis drops again and again, as it does to slow ones, loses no order and gives nothing twice', async () => {
    open()
    const server = await startRedis()
    const [near, far] = [redisWorker(server.url), redisWorker(server.url)] as [RedisWorker, RedisWorker]
    try {
      await Promise.all([near.registry.start(), far.registry.start()])
      const [socket] = (await far.connect(1)) as [LocalSocket]
      const sent: string[] = []
      let goesOn = true
      const pushing = (async () => {
        for (let number = 0; goesOn; number++) {
          if ((await near.push(socket, `${number}`)) === 'sent') sent.push(`${number}`)
          await pause(1)
        }
      })()
      for (let round = 0; round < 5; round++) {
        const before = sent.length
        await expect.poll(() => sent.length, { timeout: 20_000 }).toBeGreaterThan(before)
        await server.client.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
      }
      const before = sent.length
      await expect.poll(() => sent.length, { timeout: 20_000 }).toBeGreaterThan(before)
      goesOn = false
      await pushing
      const frames = socket.frames.map(({ data }) => String(data))
      expect(frames).toEqual([...new Set(frames)].sort((a, b) => Number(a) - Number(b)))
      expect(frames).toEqual(expect.arrayContaining(sent))
    } finally {
      await Promise.all([near.registry.close(), far.registry.close()])
      await server.close()
    }
  }, 60_000)
})
