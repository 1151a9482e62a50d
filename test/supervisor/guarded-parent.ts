import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { createWorkerOrphanGuard } from '../../src/supervisor/worker-orphan-guard.ts'

// Run by worker-orphan-guard.test.ts: children that never end, each with another guard or none, and prints their ids.
const endless = (mark: string) =>
  spawn(process.execPath, ['-e', 'for (;;) {}', mark], { stdio: 'ignore', detached: true }).pid as number
const [caught, released, another, unguarded] = [
  endless('guarded'),
  endless('guarded'),
  endless('something else'),
  endless('guarded'),
]
const guard = createWorkerOrphanGuard({ afterSeconds: 1, mark: 'guarded' })
for (const pid of [released, another, caught]) guard.add(pid)
guard.remove(released)
// Were it not closed, it would be quicker than the other.
const closed = createWorkerOrphanGuard({ afterSeconds: 0, mark: 'guarded' })
closed.add(unguarded)
closed.close()
// The guard itself is killed, and another one takes its place.
const shells = () =>
  readdirSync('/proc').filter((each) => {
    try {
      const [, , ppid] = /^(\d+) \(sh\) \S (\d+)/.exec(readFileSync(`/proc/${each}/stat`, 'utf8')) ?? []
      return Number(ppid) === process.pid
    } catch {
      return false
    }
  })
const guards = () => shells().filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('guarded'))
while (guards().length === 0) await pause(10)
const [first] = guards()
process.kill(Number(first), 'SIGKILL')
while (shells().length === 0 || shells()[0] === first) await pause(10)
process.stdout.write(`${JSON.stringify({ caught, released, another, unguarded })}\n`)
setInterval(() => {}, 60_000)
