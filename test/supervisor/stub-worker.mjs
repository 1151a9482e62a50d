// Speaks the protocol of src/supervisor/protocol.ts as a worker does and serves nothing. How it behaves is in the JSON
// file of its first argument, by its name: read at the start, so that the next process may behave otherwise.
import { readFileSync } from 'node:fs'

const [, , file = '', name = ''] = process.argv
const all = JSON.parse(readFileSync(file, 'utf8'))
/** @type {import('./stub-workers.ts').Behaviour} */
const behaviour = { ...all['*'], ...all[name] }
const { fail, crash, mute, unready = [], prints = [], complains, exitCode = 0, lingers = 0, stubborn } = behaviour

const metrics = () => [
  { name: 'x_total', type: 'counter', help: 'X.', merge: 'sum', bounds: [], series: [{ labels: '', values: [1] }] },
]

process.on('message', (message) => take(/** @type {import('../../src/supervisor/protocol.ts').Order} */ (message)))
process.on('disconnect', () => setTimeout(() => process.exit(), lingers))

/** @param {import('../../src/supervisor/protocol.ts').Order} order */
function take(order) {
  if (order.kind === 'start') begin()
  else if (order.kind === 'reload') process.stdout.write('reloaded\n')
  else if (order.kind === 'ask') answer(order.id, order.question.kind)
  else if (order.kind === 'drain') leave(`drain ${order.seconds} after ${order.delaySeconds}\n`)
  else leave(`hand-over ${order.seconds}\n`)
}

function begin() {
  for (const text of prints) process.stdout.write(text)
  if (complains) process.stderr.write(complains)
  if (crash) process.exit(crash)
  if (fail) send({ kind: 'failed', message: fail, faults: [{ file: 'api.yaml' }] }, () => process.exit(1))
  else if (!mute) send({ kind: 'listening', scheme: 'ws' })
}

/** @param {number} id @param {string} question */
function answer(id, question) {
  if (question === 'status') send({ kind: 'answer', id, answer: { unready } })
  if (question === 'metrics') send({ kind: 'answer', id, answer: metrics() })
}

/** @param {string} said */
function leave(said) {
  process.stdout.write(said)
  if (stubborn) return
  send({ kind: 'goodbye', metrics: metrics() }, () => {
    process.exitCode = exitCode
    process.disconnect()
  })
}

/** @param {object} report */
function send(report, sent = () => {}) {
  process.send?.(report, undefined, undefined, sent)
}
