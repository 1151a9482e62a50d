// @ts-nocheck: written as the users of functions write theirs.
// Handlers for test/integrations: well-behaved ones and every kind of trouble.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'

export const echo = async (event) => ({ statusCode: 200, body: JSON.stringify(event) })
export const join = async () => ({ statusCode: 200, body: `hello from ${process.pid}` })
export const answer = async (event) => event.answer
export const synchronous = () => ({ statusCode: 204 })
export const callback = (event, _context, done) => {
  setTimeout(
    () => (event.fail ? done(new Error('called back')) : done(null, { statusCode: 200, body: 'called back' })),
    1,
  )
}
export const legacy = (_event, context) => void setImmediate(() => context.succeed('done'))
export const nested = { deep: { handler: async () => 'nested' } }

export const describe = async (_event, context) => ({
  context: { ...context, remaining: context.getRemainingTimeInMillis() },
  env: process.env,
  cwd: process.cwd(),
  argv: process.argv.slice(1),
  traceId: process.env._X_AMZN_TRACE_ID,
  prototype: Object.getPrototypeOf(_event) === Object.prototype,
})

class OrderError extends Error {
  name = 'OrderError'
}
export const throws = async () => {
  throw new OrderError('no stock')
}
export const throwsMuch = async () => {
  const second = new Error('second', { cause: new Error('deeper') })
  const cause = Object.assign(new TypeError('the reason', { cause: 'just text' }), { code: 'E_REASON' })
  throw Object.assign(new AggregateError([new Error('first'), second], 'both failed', { cause }), { statusCode: 503 })
}
export const throwsAtOnce = () => {
  throw new TypeError('at once')
}
export const throwsText = async () => {
  throw 'just text'
}
export const throwsTrap = async () => {
  throw {
    get message() {
      throw new Error('trap')
    },
    toString() {
      throw new Error('trap')
    },
    [Symbol.toStringTag]: 'Error',
  }
}
export const exits = async () => process.exit(3)
export const killsItself = async () => process.kill(process.pid, 'SIGKILL')
export const loops = async (event) => {
  if (event.harmless) return 'harmless'
  for (;;);
}
export const never = async () => new Promise((resolve) => setTimeout(resolve, 3_600_000))
export const forgets = async () => new Promise(() => {})
export const fillsHeap = async () => {
  const all = new Map()
  for (let i = 0; ; i++) all.set(i, [i])
}
/** Doubling in one step aborts the whole of Node.js when it happens in a worker thread. */
export const fillsHeapInSteps = async () => {
  let list = [1.5]
  for (;;) list = list.concat(list)
}
export const fillsBuffers = async () => {
  const all = []
  for (;;) {
    all.push(Buffer.alloc(8_000_000, 1))
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}
export const large = async (event) => 'x'.repeat(event.length)
export const circular = async () => {
  const self = {}
  self.self = self
  return self
}
export const rejectsLater = async (event) => {
  void Promise.reject(new Error('left alone'))
  await new Promise((resolve) => setTimeout(resolve, event.wait))
  return 'never seen'
}
export const rejectsAfterwards = async () => {
  setTimeout(() => Promise.reject(new Error('afterwards', { cause: new Error('why') })), 5)
  return process.pid
}
export const pid = async () => process.pid
export const slow = async (event) => {
  await new Promise((resolve) => setTimeout(resolve, event.millis))
  return process.pid
}
export const waitsForFile = async ({ file }) => {
  for (;;) {
    const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
    if (text !== '') return { pid: process.pid, text }
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
export const spawns = async () => spawn('sleep', ['3600'], { stdio: 'ignore' }).pid
/** Starts something that outlives its process group, in one of several ways; gives its id, then goes on as told. */
export const escapes = async ({ way, file, exits, loops }) => {
  const options = { stdio: ['ignore', 'pipe', 'ignore'], detached: true }
  const twice = "setsid sh -c 'sleep 3600 >/dev/null & echo $!'"
  const child = {
    detached: () => spawn('sh', ['-c', 'echo $$; exec sleep 3600 >/dev/null'], options),
    withoutEnvironment: () =>
      spawn('/bin/sh', ['-c', 'echo $$; exec /bin/sleep 3600 >/dev/null'], { ...options, env: {} }),
    twice: () => spawn('sh', ['-c', twice], options),
    underShells: () => spawn('sh', ['-c', `${twice}; sleep 3600`], options),
  }[way]()
  const [line] = await once(child.stdout, 'data')
  const pid = Number(String(line))
  if (file !== undefined) writeFileSync(file, String(pid))
  if (exits) process.exit(0)
  if (loops) for (;;);
  return pid
}
export const prints = async () => {
  console.log('a line', { n: 1 })
  console.warn('two\nlines')
  console.error('trouble')
  console.debug('detail')
  process.stdout.write('raw\n')
  process.stderr.write('raw trouble\n')
  return null
}
export const printsForEver = async () => {
  for (;;) console.log('x'.repeat(1_000))
}
export const printsLongLine = async () => {
  process.stdout.write(`${'y'.repeat(100_000)}\nnext\n`)
}
export const speaksOutOfTurn = async () => {
  const { createWriteStream } = await import('node:fs')
  createWriteStream('', { fd: 3, autoClose: false }).write(Buffer.from([255, 255, 255, 255, 1]))
  return new Promise((resolve) => setTimeout(resolve, 3_600_000))
}
