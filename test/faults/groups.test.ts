import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Group } from '../../src/registry/group-contract.ts'
import { printAccount } from '../helpers/fleet.ts'
import type { LocalSocket } from '../helpers/local-sockets.ts'
import { type RedisServer, startRedis, startRedisCluster } from '../helpers/redis-server.ts'
import { idOf, type RedisWorker, redisWorker } from '../helpers/redis-workers.ts'

const room: Group = { apiId: 'chat', stage: 'dev', kind: 'group', name: 'room' }
const membersEach = 20
const deadline = { timeout: 30_000, interval: 50 }

const rejections: unknown[] = []
const keepRejection = (reason: unknown) => void rejections.push(reason)
let closing: (() => Promise<unknown>)[]
beforeEach(() => {
  closing = []
  rejections.length = 0
  process.on('unhandledRejection', keepRejection)
})
afterEach(async () => {
  for (const close of closing.reverse()) await close()
  process.off('unhandledRejection', keepRejection)
})

/** What was sent to the room, or to its first member, and what became of it. */
interface Sending {
  readonly sender: number
  readonly number: number
  readonly toAll: boolean
  /** Whether every worker that holds members has it, and whether the sender's own has: not so one in doubt of its lease. */
  readonly whole: boolean
  readonly near: boolean
}

/** A room on several workers, with those who send to it and those who come and go, and the account of all that. */
class Room {
  readonly workers: RedisWorker[] = []
  /** Members that stay, by their workers. */
  readonly members: LocalSocket[][] = []
  readonly sendings: Sending[] = []
  joins = 0
  leaves = 0
  refusedJoins = 0
  /** Frames that those who came had to see, and have not. */
  dueToVisitors = 0
  missedByVisitors = 0
  seenAfterLeaving = 0
  #numbers: number[] = []
  #isOver = false
  #work: Promise<unknown>[] = []

  async open(url: string, count: number, leaseSeconds: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      const worker = redisWorker(url, { name: `w${i}`, leaseSeconds, timings: {} })
      closing.push(() => worker.registry.close())
      await worker.registry.start()
      this.workers.push(worker)
      this.#numbers.push(0)
      const sockets = await worker.connect(membersEach)
      for (const socket of sockets) await expect.poll(() => worker.registry.join(idOf(socket), room)).toBe('joined')
      this.members.push(sockets)
    }
  }

  /** Sends from some workers, and lets others come and go, until the end. */
  begin(senders: readonly number[]): void {
    for (const sender of senders) this.#work.push(this.#send(sender))
    this.#work.push(this.#comeAndGo(senders))
  }

  async end(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#work)
  }

  async #send(sender: number): Promise<void> {
    while (!this.#isOver) {
      // Several at a time, to the room and to one of it, none of which waits for the one before.
      await Promise.all([this.sendToAll(sender), this.sendToFirst(sender), this.sendToAll(sender)])
      await pause(20)
    }
  }

  #next(sender: number): number {
    const number = (this.#numbers[sender] ?? 0) + 1
    this.#numbers[sender] = number
    return number
  }

  async sendToAll(sender: number): Promise<boolean> {
    const number = this.#next(sender)
    const { registry } = this.workers[sender] as RedisWorker
    const terms = { except: [], filter: null, coalesce: null, failures: 0 }
    const report = await registry.send(room, { data: `${sender} ${number}`, binary: false }, terms)
    const whole = report.unreachable === 0
    this.sendings.push({ sender, number, toAll: true, whole, near: report.unreachable < membersEach })
    return whole
  }

  async sendToFirst(sender: number): Promise<void> {
    const number = this.#next(sender)
    const { registry } = this.workers[sender] as RedisWorker
    const outcome = await registry.deliver(idOf(this.first), { data: `${sender} ${number}`, binary: false }, 'chat')
    this.sendings.push({ sender, number, toAll: false, whole: outcome === 'sent', near: false })
  }

  get first(): LocalSocket {
    return (this.members[1] as LocalSocket[])[0] as LocalSocket
  }

  /** Each visitor joins through another worker than its own, and is sent to through whichever. */
  async #comeAndGo(living: readonly number[]): Promise<void> {
    for (let turn = 0; !this.#isOver; turn++) {
      const [home, door] = [living[turn % living.length], living[(turn + 1) % living.length]] as [number, number]
      const [worker, other] = [this.workers[home], this.workers[door]] as [RedisWorker, RedisWorker]
      const [visitor] = await worker.connect(1)
      const id = idOf(visitor as LocalSocket)
      if ((await other.registry.join(id, room)) !== 'joined') this.refusedJoins++
      else {
        this.joins++
        const before = (visitor as LocalSocket).frames.length
        if (await this.sendToAll(living[turn % 2] as number)) {
          this.dueToVisitors++
          if ((visitor as LocalSocket).frames.length === before) this.missedByVisitors++
        }
        if ((await other.registry.leave(id, room)) === 'left') {
          this.leaves++
          const left = (visitor as LocalSocket).frames.length
          await this.sendToAll(living[turn % 2] as number)
          this.seenAfterLeaving += (visitor as LocalSocket).frames.length - left
        }
      }
      worker.sockets.drop(id)
      await worker.registry.remove(id)
      await pause(20)
    }
  }

  /** Writes the account down and looks at it: the members of which workers are to have everything. */
  settle(title: string, living: readonly number[]): void {
    let [due, seen, missing, twice, disordered] = [0, 0, 0, 0, 0]
    for (const home of living) {
      for (const member of this.members[home] as LocalSocket[]) {
        const frames = member.frames.map(({ data }) => String(data))
        const found = new Set(frames)
        seen += frames.length
        twice += frames.length - found.size
        for (const { sender, number, toAll, whole, near } of this.sendings) {
          const isFor = toAll ? whole || (near && sender === home) : whole && member === this.first
          if (!isFor) continue
          due++
          if (!found.has(`${sender} ${number}`)) missing++
        }
        for (const sender of this.workers.keys()) {
          const numbers = frames
            .filter((frame) => frame.startsWith(`${sender} `))
            .map((frame) => Number(frame.slice(2)))
          if (numbers.some((number, i) => i > 0 && number < (numbers[i - 1] as number))) disordered++
        }
      }
    }
    const sends = this.sendings.filter(({ toAll }) => toAll)
    printAccount(title, {
      ...{ 'members at start': this.members.flat().length, joins: this.joins, leaves: this.leaves },
      ...{ 'joins answered with unreachable': this.refusedJoins, 'sends answered': sends.length },
      'of those with somebody unreachable': sends.filter(({ whole }) => !whole).length,
      ...{ 'frames due': due + this.dueToVisitors, 'frames seen': seen, missing: missing + this.missedByVisitors },
      ...{ duplicates: twice, 'out of order': disordered, 'seen after leaving': this.seenAfterLeaving },
      'unhandled rejections': rejections.length,
    })
    expect({ missing, twice, disordered, missed: this.missedByVisitors, late: this.seenAfterLeaving }).toEqual({
      ...{ missing: 0, twice: 0, disordered: 0, missed: 0, late: 0 },
    })
    expect(due).toBeGreaterThan(0)
    expect(this.dueToVisitors).toBeGreaterThan(0)
    expect(rejections).toEqual([])
  }

  /** Resolves when a worker counts all members of others, and can reach them. */
  async whole(living: readonly number[]): Promise<void> {
    for (const place of living) {
      const { registry } = this.workers[place] as RedisWorker
      const count = async () => {
        const { connections, unanswered, incomplete } = await registry.countAll(room)
        return { enough: connections >= living.length * membersEach, unanswered, incomplete }
      }
      await expect.poll(count, deadline).toEqual({ enough: true, unanswered: [], incomplete: false })
      await expect.poll(() => this.sendToAll(place), deadline).toBe(true)
    }
  }
}

describe('a room on three workers', () => {
  test('loses the members of a killed worker with its burial, and nothing else', async () => {
    const server = await redis()
    const all = new Room()
    await all.open(server.url, 3, 3)
    all.begin([0, 1])
    await pause(500)
    const dead = all.workers[2] as RedisWorker
    dead.registry.abandon()
    const [near] = all.workers as [RedisWorker]
    await expect.poll(() => near.registry.workers().then(({ workers }) => workers.length), deadline).toBe(2)
    await all.whole([0, 1])
    await all.end()
    await expect.poll(() => near.registry.countAll(room), deadline).toMatchObject({ connections: 2 * membersEach })
    // Nothing of it is left in Redis: neither its own entries, nor it among the owners of the room.
    await expect.poll(() => server.client.keys(`postern:{w:${dead.registry.owner}}:audiences`), deadline).toEqual([])
    const [owners] = await server.client.keys('postern:{a:*')
    const known = () => server.client.smembers(owners as string)
    await expect.poll(known, deadline).not.toContain(String(dead.registry.owner))
    all.settle('worker of a group killed', [0, 1])
  }, 60_000)

  test('is served in parts while Redis is away, and is whole without anyone rejoining when it is back, empty', async () => {
    const server = await redis()
    const all = new Room()
    await all.open(server.url, 3, 3)
    await all.whole([0, 1, 2])
    all.begin([0, 1, 2])
    await pause(500)
    await server.kill()
    const [near] = all.workers as [RedisWorker]
    await expect.poll(() => near.registry.trouble(), deadline).not.toBeNull()
    const terms = { except: [], filter: null, coalesce: null, failures: 0 }
    const report = await near.registry.send(room, { data: 'alone', binary: false }, terms)
    expect(report.sent).toBeGreaterThanOrEqual(membersEach)
    expect(report.unreachable).toBeGreaterThan(0)
    await server.restart()
    await all.whole([0, 1, 2])
    await all.end()
    for (const { registry } of all.workers) {
      const whole = { connections: 3 * membersEach, unanswered: [] }
      await expect.poll(() => registry.countAll(room), deadline).toMatchObject(whole)
    }
    all.settle('Redis back empty under a group', [0, 1, 2])
  }, 60_000)
})

test('a room loses no member when the master of a Redis Cluster that has its entry fails over', async () => {
  const cluster = await startRedisCluster()
  closing.push(() => cluster.close())
  await cluster.addReplicas()
  const all = new Room()
  await all.open(cluster.url, 2, 5)
  all.begin([0, 1])
  await pause(500)
  const masters = await Promise.all(cluster.nodes.map(({ client }) => client.keys('postern:{a:*')))
  await cluster.nodes[masters.findIndex((keys) => keys.length > 0)]?.kill()
  await all.whole([0, 1])
  await all.end()
  for (const { registry } of all.workers) {
    const whole = { connections: 2 * membersEach, unanswered: [] }
    await expect.poll(() => registry.countAll(room), deadline).toMatchObject(whole)
  }
  expect(all.workers.map(({ undertaken, owed }) => [undertaken.length, owed.length])).toEqual([
    [0, 0],
    [0, 0],
  ])
  all.settle('master of a Cluster killed under a group', [0, 1])
}, 120_000)

async function redis(): Promise<RedisServer> {
  const server = await startRedis()
  closing.push(() => server.close())
  return server
}
