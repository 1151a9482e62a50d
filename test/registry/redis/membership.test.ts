import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { fleetKeys } from '../../../src/registry/redis/keys.ts'
import { createMembership, type Membership } from '../../../src/registry/redis/membership.ts'
import { timingsOf } from '../../../src/registry/redis/registry-timings.ts'
import { keyspaceOf, type RedisArgument } from '../../../src/store/contract.ts'
import { redisOf } from '../../helpers/redis-client.ts'
import { silentLog } from '../../helpers/redis-registry.ts'

const lease = 15_000
const settling = 3_000
let time: number
let date: number
/** Renewals that wait for their answer. */
let renewals: ((status: string, stored?: number) => void)[]
let told: string[]
/** Records that are left when the worker leaves. */
const left = 7
/** Whether the part of a Cluster with the names is away. */
let nameless: boolean
let membership: Membership

/** A Redis of which a test says when it answers a renewal, and what. */
const redis = redisOf({
  run: (command: string, ...args: RedisArgument[]) => {
    if (command === 'HSET' && nameless) return Promise.reject(new Error('CLUSTERDOWN'))
    if (command !== 'EVAL') return Promise.resolve(0)
    expect(String(args[0])).toContain('buried')
    return new Promise((resolve) => {
      if (String(args[0]).includes("'left'")) return resolve(left)
      renewals.push((status, stored = 0) => resolve([Buffer.from(status), stored]))
    })
  },
})

beforeEach(() => {
  ;[time, date, renewals, told, nameless] = [1_000_000, 5_000_000, [], [], false]
  membership = createMembership({
    ...{
      redis,
      keys: fleetKeys(keyspaceOf('test:', 'registry')),
      name: 'worker',
      version: '1',
      startedAt: 0,
      log: silentLog,
    },
    ...{ timings: { ...timingsOf(lease / 1000), settling }, random: () => 0.5, clock: () => time, now: () => date },
    held: (stored, anew) => void told.push(`held ${stored}${anew ? ' anew' : ''}`),
    dataLost() {},
    buried: (found) => void told.push(`buried ${found}`),
  })
})
afterEach(() => membership.stop())

function pass(milliseconds: number): void {
  time += milliseconds
  date += milliseconds
}

async function join(): Promise<void> {
  const started = membership.start()
  await expect.poll(() => renewals.length).toBe(1)
  renewals.shift()?.('taken')
  await started
  expect(membership.trouble).toBeNull()
}

describe('a worker that stood still', () => {
  test('is in doubt until a renewal that it asked for after that is answered', async () => {
    await join()
    membership.nudge()
    await expect.poll(() => renewals.length).toBe(1)
    pass(lease + 1_000)
    // It was asked for, and answered, before the lease ran out; the answer was waiting all the time.
    renewals.shift()?.('held')
    await expect.poll(() => renewals.length).toBe(1)
    expect(membership.frozen).toBe(true)
    expect(membership.certain).toBe(false)
    renewals.shift()?.('held')
    await expect.poll(() => membership.frozen).toBe(false)
    expect(membership.certain).toBe(true)
  })

  test('notices it too when its clock stood still with it', async () => {
    await join()
    expect(membership.frozen).toBe(false)
    date += lease // the machine slept: only the time of day has gone on
    expect(membership.frozen).toBe(true)
    expect(membership.certain).toBe(false)
    await expect.poll(() => renewals.length).toBe(1)
    renewals.shift()?.('held')
    await expect.poll(() => membership.certain).toBe(true)
  })

  test('lets what concerns its connections wait until it knows, or knows that nobody can say', async () => {
    await join()
    expect(membership.doubt()).toBeNull()
    for (const status of ['held', 'buried']) {
      pass(lease + 1_000)
      let over = false
      void membership.doubt()?.then(() => {
        over = true
        told.push('over')
      })
      await expect.poll(() => renewals.length).toBe(1)
      expect(over).toBe(false)
      renewals.shift()?.(status, 3)
      await expect.poll(() => over).toBe(true)
      expect(membership.doubt()).toBeNull()
    }
    expect(told).toEqual(['held 0 anew', 'held 3', 'over', 'buried 3', 'over'])
    await expect.poll(() => renewals.length).toBe(1)
    pass(lease + 1_000)
    // Redis does not answer: what is local goes on after two times of a command, which is four seconds.
    await membership.doubt()
    expect(membership.doubt()).toBeNull()
    expect(membership.frozen).toBe(true)
  })

  test('is no longer in doubt once it has closed: what is local is served', async () => {
    await join()
    membership.stop()
    pass(lease * 10)
    expect(membership.frozen).toBe(false)
  })

  test('asks at once under its new owner id when it was buried, and says how many of its records were found', async () => {
    await join()
    const before = membership.owner
    membership.nudge()
    await expect.poll(() => renewals.length).toBe(1)
    renewals.shift()?.('buried', 7)
    await expect.poll(() => renewals.length).toBe(1)
    expect(membership.owner).not.toBe(before)
    expect(membership.certain).toBe(false)
    renewals.shift()?.('taken')
    await expect.poll(() => membership.certain).toBe(true)
    expect(told).toEqual(['held 0 anew', 'buried 7', 'held 0 anew'])
  })
})

describe('a missing lease', () => {
  test('proves nothing to a worker that has just come, until it has seen for a while that nothing is wrong', async () => {
    await join()
    pass(settling - 1)
    expect(membership.calm).toBe(false)
    pass(1)
    expect(membership.calm).toBe(true)
  })

  test('proves nothing when our own was lost before its time', async () => {
    await join()
    for (const [i, status] of ['held', 'held', 'taken'].entries()) {
      pass(settling / 2)
      membership.nudge()
      await expect.poll(() => renewals.length).toBe(1)
      if (status === 'taken') expect(membership.calm).toBe(true)
      renewals.shift()?.(status)
      await expect.poll(() => told.length).toBe(i + 2)
    }
    expect(told).toEqual(['held 0 anew', 'held 0', 'held 0', 'held 0 anew'])
    expect(membership.calm).toBe(false)
  })

  test('proves nothing while another part of a Cluster is away; our own lease stands all the same', async () => {
    await join()
    pass(settling)
    expect(membership.calm).toBe(true)
    nameless = true
    membership.nudge()
    await expect.poll(() => renewals.length).toBe(1)
    renewals.shift()?.('held')
    await expect.poll(() => told.length).toBe(2)
    expect(membership.calm).toBe(false)
    expect(membership.trouble).toBeNull()
    expect(told).toEqual(['held 0 anew', 'held 0'])
  })

  test('can not be held at all by a worker whose name is nowhere: nobody would look for it', async () => {
    nameless = true
    const started = membership.start()
    await expect.poll(() => renewals.length).toBe(1)
    renewals.shift()?.('taken')
    await started
    expect(membership.trouble).toMatch(/CLUSTERDOWN/)
    expect(told).toEqual([])
  })
})

describe('a Redis that has lost its data', () => {
  async function renewedWith(status: string, stored = 0): Promise<void> {
    membership.nudge()
    await expect.poll(() => renewals.length).toBe(1)
    renewals.shift()?.(status, stored)
    await expect.poll(() => renewals.length + told.length).toBeGreaterThan(0)
  }

  test('costs a worker nothing whose lease can not have run out: nobody can have said that it is dead', async () => {
    await join()
    pass(8_000)
    await renewedWith('lost')
    await expect.poll(() => told).toEqual(['held 0 anew', 'held 0 anew'])
    expect(membership.trouble).toBeNull()
    expect(membership.calm).toBe(false)
  })

  test('has a worker wait whose lease had run out: others may have to dig its grave anew', async () => {
    await join()
    pass(lease + 1)
    await renewedWith('lost')
    await expect.poll(() => membership.trouble).toMatch(/has lost its data/)
    expect(membership.certain).toBe(false)
    pass(settling - 1)
    await renewedWith('held')
    await expect.poll(() => renewals.length, { timeout: 20_000 }).toBe(1) // it goes on asking
    pass(1)
    renewals.shift()?.('held', 0) // asked for before that
    await expect.poll(() => renewals.length, { timeout: 20_000 }).toBe(1)
    expect(membership.trouble).toMatch(/has lost its data/)
    expect(told).toEqual(['held 0 anew'])
    renewals.shift()?.('held', 0)
    await expect.poll(() => membership.trouble).toBeNull()
    expect(membership.certain).toBe(true)
    expect(told).toEqual(['held 0 anew', 'held 0 anew'])
  })

  test('and that is away again meanwhile does not cut the wait short; the grave is obeyed when it is there', async () => {
    await join()
    const before = membership.owner
    pass(lease + 1)
    await renewedWith('lost')
    await expect.poll(() => membership.trouble).toMatch(/has lost its data/)
    nameless = true
    await renewedWith('taken')
    await expect.poll(() => membership.trouble).toMatch(/CLUSTERDOWN/)
    nameless = false
    await renewedWith('held')
    await expect.poll(() => membership.trouble).toMatch(/has lost its data/)
    await renewedWith('buried', 0)
    await expect.poll(() => membership.owner).not.toBe(before)
    expect(told).toEqual(['held 0 anew', 'buried 0'])
  })
})

test('a worker that was silent for half the time of a grave goes on under a new owner id, whatever Redis says', async () => {
  await join()
  const before = membership.owner
  date += 4 * 86_400_000 // the machine slept
  membership.nudge()
  await expect.poll(() => renewals.length).toBe(1)
  renewals.shift()?.('taken', left)
  await expect.poll(() => membership.owner).not.toBe(before)
  expect(told).toEqual(['held 0 anew', `buried ${left}`])
})
