import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test, vi } from 'vitest'
import { fromSource } from '../helpers/from-source.ts'
import { isAlive } from './stub-workers.ts'

vi.setConfig({ testTimeout: 60_000 })

const program = fileURLToPath(new URL('./guarded-parent.ts', import.meta.url))

test('a worker that is caught in a loop is killed after its parent; who was let go, and another program, are not', async () => {
  const parent = spawn(process.execPath, [...fromSource, program], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = await once(createInterface({ input: parent.stdout }), 'line')
  const pids = JSON.parse(line) as Record<'caught' | 'released' | 'another' | 'unguarded', number>
  onTestFinished(() => {
    for (const pid of Object.values(pids)) if (isAlive(pid)) process.kill(pid, 'SIGKILL')
  })
  parent.kill('SIGKILL')
  await once(parent, 'exit')
  expect(Object.values(pids).map(isAlive)).toEqual([true, true, true, true])
  await expect.poll(() => isAlive(pids.caught), { timeout: 30_000 }).toBe(false)
  expect([pids.released, pids.another, pids.unguarded].map(isAlive)).toEqual([true, true, true])
})
