import { afterEach, describe, expect, test, vi } from 'vitest'
import { WorkerFailure } from '../../src/supervisor/supervised-worker.ts'
import { isAlive, type StubWorkers, stubWorkers } from './stub-workers.ts'

// Dozens of processes, on machines that may have other things to do.
vi.setConfig({ testTimeout: 60_000 })

let workers: StubWorkers
afterEach(() => workers.close())

const again = 'a worker ended; it is started again'
const states = () => workers.supervisor.processes.map(({ state }) => state)
const poll = <T>(read: () => T) => expect.poll(read, { timeout: 20_000, interval: 20 })
const ready = () => poll(() => states().filter((state) => state === 'ready').length)
const pidOf = (name: string) => workers.pids()[name] as number

describe('the first start', () => {
  test('starts one, and all others once that one listens', async () => {
    workers = await stubWorkers()
    expect(workers.supervisor.readiness).toMatchObject({ ready: false })
    const started = workers.supervisor.start()
    expect(workers.launched).toEqual(['a'])
    await started
    expect(workers.launched).toEqual(['a', 'b', 'c'])
    expect(workers.supervisor.readiness).toEqual({ ready: true, reasons: [] })
    expect([workers.supervisor.count('ready'), workers.supervisor.count('waiting')]).toEqual([3, 0])
    expect(new Set(Object.values(workers.pids())).size).toBe(3)
  })

  test.each([
    ['the first', { a: { fail: 'no API can be served' } }, 1],
    ['another', { b: { fail: 'no API can be served' } }, 3],
  ])('of %s fails: its own words and faults are given, and nothing goes on', async (_, behaviour, launched) => {
    workers = await stubWorkers()
    await workers.behave(behaviour)
    const failure = await workers.supervisor.start().catch((error: unknown) => error as WorkerFailure)
    expect(failure).toBeInstanceOf(WorkerFailure)
    expect(failure).toMatchObject({ message: 'no API can be served', faults: [{ file: 'api.yaml' }] })
    expect(workers.launched).toHaveLength(launched)
    await poll(() => Object.values(workers.pids()).filter((pid) => isAlive(pid as number))).toEqual([])
    expect(workers.logged.filter(({ msg }) => msg === again)).toEqual([])
  })

  test('fails when a worker ends without a word', async () => {
    workers = await stubWorkers()
    await workers.behave({ '*': { crash: 7, complains: 'FATAL ERROR: out of memory\n  at nowhere\n' } })
    await expect(workers.supervisor.start()).rejects.toThrow('a ended with code 7 before it was ready')
    expect(await workers.says('a worker wrote to its standard error')).toEqual([
      expect.objectContaining({ level: 'error', worker: 'a', stderr: 'FATAL ERROR: out of memory\n  at nowhere' }),
    ])
  })

  test('fails when no process can be started', async () => {
    workers = await stubWorkers({ program: ['/nowhere/node'] })
    await expect(workers.supervisor.start()).rejects.toThrow(/ENOENT/)
  })
})

describe('a worker that dies', () => {
  test('is started again, and the log says how it died', async () => {
    workers = await stubWorkers()
    await workers.supervisor.start()
    const pid = pidOf('b')
    process.kill(pid, 'SIGKILL')
    const [line] = await workers.says(again)
    expect(line).toMatchObject({
      level: 'error',
      worker: 'b',
      pid,
      code: null,
      signal: 'SIGKILL',
      retryInSeconds: 0.05,
    })
    await ready().toBe(3)
    expect(pidOf('b')).not.toBe(pid)
    expect(workers.restarts.value).toBe(1)
    expect(workers.launched).toEqual(['a', 'b', 'c', 'b'])
  })

  test('and can not come up is tried at growing intervals until it can; meanwhile the others are ready', async () => {
    workers = await stubWorkers()
    await workers.supervisor.start()
    await workers.behave({ b: { fail: 'the certificate can not be read' } })
    process.kill(pidOf('b'), 'SIGKILL')
    const lines = await workers.says(again, 5)
    expect(lines.map(({ retryInSeconds }) => retryInSeconds).slice(0, 5)).toEqual([0.05, 0.1, 0.2, 0.4, 0.4])
    expect(lines[1]).toMatchObject({
      code: 1,
      reason: 'the certificate can not be read',
      faults: [{ file: 'api.yaml' }],
    })
    expect(workers.supervisor.readiness).toMatchObject({
      ready: true,
      reasons: [expect.stringMatching(/^b: (died|starting)/)],
    })
    await workers.behave({})
    await ready().toBe(3)
    expect(workers.supervisor.readiness.reasons).toEqual([])
  })

  test('after it has lived for a while begins its intervals anew', async () => {
    workers = await stubWorkers({ timings: { lived: 300 } })
    await workers.supervisor.start()
    const end = Date.now() + 400
    await poll(() => Date.now() > end).toBe(true)
    for (let i = 1; i <= 2; i++) {
      process.kill(pidOf('a'), 'SIGKILL')
      await workers.says(again, i)
      await ready().toBe(3)
      const later = Date.now() + 400
      await poll(() => Date.now() > later).toBe(true)
    }
    expect((await workers.says(again, 2)).map(({ retryInSeconds }) => retryInSeconds)).toEqual([0.05, 0.05])
  })

  test('and hangs when it is started again is killed and tried once more', async () => {
    workers = await stubWorkers({ timings: { start: 3_000 } })
    await workers.supervisor.start()
    await workers.behave({ a: { mute: true } })
    process.kill(pidOf('a'), 'SIGKILL')
    await workers.says('a worker does not come up; it is killed')
    await workers.behave({})
    await ready().toBe(3)
  })
})

test('what a worker has against clients being sent to it is told with its name', async () => {
  workers = await stubWorkers({ names: ['a', 'b'] })
  await workers.behave({ b: { unready: ['Redis does not answer'] } })
  await workers.supervisor.start()
  expect(workers.supervisor.readiness).toEqual({ ready: true, reasons: ['b: Redis does not answer'] })
  expect([workers.supervisor.count('ready'), workers.supervisor.count('unready')]).toEqual([1, 1])
})

test('a frozen worker is silent, holds up nobody, is logged once, and is welcome back', async () => {
  workers = await stubWorkers({ names: ['a', 'b'] })
  await workers.supervisor.start()
  const frozen = workers.supervisor.processes.find(({ name }) => name === 'b')
  process.kill(pidOf('b'), 'SIGSTOP')
  const startedAt = performance.now()
  expect(await frozen?.ask({ kind: 'metrics' }, 200)).toBeUndefined()
  expect(performance.now() - startedAt).toBeLessThan(5_000)
  // At once, since it left a question unanswered.
  expect(frozen?.state).toBe('silent')
  expect(workers.supervisor.readiness).toEqual({ ready: true, reasons: ['b: does not answer'] })
  expect(await workers.says('a worker does not answer')).toEqual([
    expect.objectContaining({ level: 'warn', worker: 'b', seconds: 2 }),
  ])
  process.kill(pidOf('b'), 'SIGCONT')
  await ready().toBe(2)
  expect(workers.logged.filter(({ msg }) => msg === 'a worker does not answer')).toHaveLength(1)
  expect(await workers.says('a worker answers again')).toHaveLength(1)
})

test('when all are frozen nobody is ready', async () => {
  workers = await stubWorkers({ names: ['a', 'b'], timings: { tick: 50 } })
  await workers.supervisor.start()
  for (const name of ['a', 'b']) process.kill(pidOf(name), 'SIGSTOP')
  await poll(() => workers.supervisor.readiness).toEqual({
    ready: false,
    reasons: ['a: does not answer', 'b: does not answer'],
  })
})

test('no more than 256 questions wait for a worker that does not answer them', async () => {
  workers = await stubWorkers({ names: ['a'] })
  await workers.supervisor.start()
  const [worker] = workers.supervisor.processes
  const request = { method: 'GET', path: '/', query: '', headers: [], body: '' }
  let settled = 0
  for (let i = 0; i < 300; i++) void worker?.ask({ kind: 'request', request }, 15_000).then(() => settled++)
  await poll(() => settled).toBeGreaterThanOrEqual(44)
  expect(settled).toBeLessThan(60)
  process.kill(pidOf('a'), 'SIGKILL')
  await poll(() => settled).toBe(300)
})

describe('a rolling restart', () => {
  test('replaces one after the other, each by one that is ready before the old one goes', async () => {
    workers = await stubWorkers()
    await workers.supervisor.start()
    const before = workers.pids()
    let fewest = 3
    const watch = setInterval(() => {
      fewest = Math.min(fewest, states().filter((state) => state === 'ready').length)
    }, 5)
    workers.supervisor.roll(7)
    await workers.says('rolling restart: done')
    clearInterval(watch)
    expect(fewest).toBe(3)
    expect(workers.launched).toEqual(['a', 'b', 'c', 'a', 'b', 'c'])
    expect(workers.lines.filter((line) => line.startsWith('hand-over'))).toEqual(
      Array.from({ length: 3 }, () => 'hand-over 7\n'),
    )
    for (const [name, pid] of Object.entries(before)) expect(pidOf(name)).not.toBe(pid)
    expect(workers.goodbyes.map(([name]) => name)).toEqual(['a', 'b', 'c'])
    expect(workers.restarts.value).toBe(0)
    expect(states()).toEqual(['ready', 'ready', 'ready'])
  })

  test.each([
    ['fails', { fail: 'definitions have faults' }, 'definitions have faults'],
    ['dies', { crash: 3 }, 'b ended with code 3 before it was ready'],
    ['never listens', { mute: true }, 'b was not ready after 4 seconds: starting'],
    ['never gets ready', { unready: ['no Redis'] }, 'b was not ready after 4 seconds: no Redis'],
  ])('stops when a new one %s, and keeps the old ones', async (_, behaviour, reason) => {
    workers = await stubWorkers({ timings: { ready: 4_000 } })
    await workers.supervisor.start()
    const { b, c } = workers.pids()
    await workers.behave({ b: behaviour })
    workers.supervisor.roll(0)
    const message = 'rolling restart: stopped; the workers that were not replaced go on'
    expect(await workers.says(message)).toEqual([expect.objectContaining({ level: 'error', worker: 'b', reason })])
    expect(workers.pids()).toMatchObject({ b, c })
    expect(states()).toEqual(['ready', 'ready', 'ready'])
    expect(workers.launched).toEqual(['a', 'b', 'c', 'a', 'b'])
    await workers.behave({})
    workers.supervisor.roll(0)
    await workers.says('rolling restart: done')
  })

  test('asked for twice is done once more, and not at the same time', async () => {
    workers = await stubWorkers({ names: ['a', 'b'] })
    await workers.supervisor.start()
    for (let i = 0; i < 3; i++) workers.supervisor.roll(0)
    await workers.says('rolling restart: done', 2)
    expect(workers.launched).toEqual(['a', 'b', 'a', 'b', 'a', 'b'])
  })

  test('goes on when the old one dies before its turn to go, and fills the place of one that is dead', async () => {
    workers = await stubWorkers({ timings: { firstBackoff: 15_000, longestBackoff: 15_000 } })
    await workers.supervisor.start()
    process.kill(pidOf('b'), 'SIGKILL')
    await workers.says(again)
    const killed = pidOf('a')
    workers.supervisor.roll(0)
    process.kill(killed, 'SIGKILL')
    await workers.says('rolling restart: done')
    expect(states()).toEqual(['ready', 'ready', 'ready'])
    expect(workers.restarts.value).toBe(0)
  })

  test('kills an old one that is frozen, and one that does not go', async () => {
    workers = await stubWorkers({ names: ['a', 'b'], timings: { silentGrace: 300, grace: 1_000 } })
    await workers.behave({ b: { stubborn: true } })
    await workers.supervisor.start()
    await workers.behave({})
    process.kill(pidOf('a'), 'SIGSTOP')
    await poll(() => states()).toEqual(['silent', 'ready'])
    const old = workers.pids()
    workers.supervisor.roll(0)
    await workers.says('rolling restart: done')
    expect((await workers.says('a worker did not drain in time; it is killed', 2)).map(({ pid }) => pid)).toEqual([
      old.a,
      old.b,
    ])
    expect(states()).toEqual(['ready', 'ready'])
  })

  test('is cut short by a drain', async () => {
    workers = await stubWorkers()
    await workers.behave({ a: { stubborn: true } })
    await workers.supervisor.start()
    await workers.behave({})
    workers.supervisor.roll(1)
    await poll(() => workers.lines.includes('hand-over 1\n')).toBe(true)
    const drained = workers.supervisor.drain(0)
    const stuck = workers.supervisor.processes.find(({ name, state }) => name === 'a' && state === 'draining')
    expect(stuck).toBeDefined()
    await poll(() => workers.supervisor.processes.filter(({ pid }) => isAlive(pid as number)).length).toBe(1)
    process.kill(workers.supervisor.processes.find(({ pid }) => isAlive(pid as number))?.pid as number, 'SIGKILL')
    expect(await drained).toBe(false)
    expect(workers.launched).toEqual(['a', 'b', 'c', 'a'])
    expect(workers.logged.map(({ msg }) => msg)).not.toContain('rolling restart: done')
  })
})

describe('a drain', () => {
  test('ends all in order and starts none again', async () => {
    workers = await stubWorkers()
    await workers.supervisor.start()
    expect(await workers.supervisor.drain(3, 2)).toBe(true)
    expect(workers.lines).toEqual(Array.from({ length: 3 }, () => 'drain 3 after 2\n'))
    expect(workers.supervisor.readiness).toMatchObject({ ready: false })
    expect(workers.supervisor.readiness.reasons[0]).toBe('draining')
    expect(workers.launched).toHaveLength(3)
    workers.supervisor.roll(0)
    expect(workers.launched).toHaveLength(3)
  })

  test('says when one ended otherwise, or had to be killed', async () => {
    workers = await stubWorkers({ names: ['a'] })
    await workers.behave({ a: { exitCode: 1 } })
    await workers.supervisor.start()
    expect(await workers.supervisor.drain(0)).toBe(false)
    await workers.close()
    workers = await stubWorkers({ names: ['a'], timings: { grace: 200 } })
    await workers.behave({ a: { stubborn: true } })
    await workers.supervisor.start()
    expect(await workers.supervisor.drain(0)).toBe(false)
  })

  test('lets one that has said goodbye take its time to be gone', async () => {
    workers = await stubWorkers({ names: ['a'], timings: { tick: 20, silentGrace: 100 } })
    await workers.behave({ a: { lingers: 1_000 } })
    await workers.supervisor.start()
    const drained = workers.supervisor.drain(0)
    await poll(() => workers.goodbyes.length).toBe(1)
    expect(states()).toEqual(['draining'])
    expect(await drained).toBe(true)
    expect(workers.logged.map(({ msg }) => msg)).not.toContain('a worker did not drain in time; it is killed')
  })

  test('lets one that answers late drain to its end', async () => {
    workers = await stubWorkers({ names: ['a'], timings: { tick: 20, loggedTicks: 500, silentGrace: 0 } })
    await workers.supervisor.start()
    const pid = pidOf('a')
    process.kill(pid, 'SIGSTOP')
    await poll(() => states()).toEqual(['silent'])
    const drained = workers.supervisor.drain(0)
    const end = Date.now() + 300
    await poll(() => Date.now() > end).toBe(true)
    process.kill(pid, 'SIGCONT')
    expect(await drained).toBe(true)
  })

  test('is in order when what had to be killed had said goodbye, or never listened', async () => {
    workers = await stubWorkers({ names: ['a', 'b'], timings: { grace: 500 } })
    await workers.behave({ a: { lingers: 60_000 } })
    await workers.supervisor.start()
    await workers.behave({ b: { mute: true, stubborn: true } })
    process.kill(pidOf('b'), 'SIGKILL')
    await poll(() => states()).toEqual(['ready', 'starting'])
    const drained = workers.supervisor.drain(0)
    expect(await workers.says('a worker did not drain in time; it is killed', 2)).toHaveLength(2)
    expect([await drained, workers.goodbyes.length]).toEqual([true, 1])
  })

  test('is not waited for by one that would have been started again', async () => {
    workers = await stubWorkers({ timings: { firstBackoff: 15_000, longestBackoff: 15_000 } })
    await workers.supervisor.start()
    process.kill(pidOf('c'), 'SIGKILL')
    await workers.says(again)
    expect(await workers.supervisor.drain(0)).toBe(true)
    expect(workers.launched).toHaveLength(3)
  })
})

test('a reload reaches every worker', async () => {
  workers = await stubWorkers()
  await workers.supervisor.start()
  workers.supervisor.reload()
  await poll(() => workers.lines).toEqual(['reloaded\n', 'reloaded\n', 'reloaded\n'])
})

test('lines of several workers come whole, one without an end is cut, and the last one counts without its line feed', async () => {
  workers = await stubWorkers({ names: ['a', 'b'] })
  const long = 'ä'.repeat(3 * 1024 * 1024)
  await workers.behave({ a: { prints: ['one\ntw', 'o\n', long, long] }, b: { prints: ['x\nlast'] } })
  await workers.supervisor.start()
  await workers.supervisor.drain(0)
  expect(workers.lines.map((line) => line.slice(0, 20))).toEqual(
    expect.arrayContaining(['one\n', 'two\n', 'ää'.repeat(10), 'x\n', 'lastdrain 0 after 0\n']),
  )
  expect(Math.max(...workers.lines.map(({ length }) => length))).toBe(1024 * 1024 + 1)
})
