import { spawn } from 'node:child_process'
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
process.stdout.write(`${JSON.stringify({ caught, released, another, unguarded })}\n`)
setInterval(() => {}, 60_000)
