import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test, vi } from 'vitest'
import { fromSource } from '../helpers/from-source.ts'

const script = fileURLToPath(new URL('./handlers/orphaned-gateway.ts', import.meta.url))

async function untilGone(pid: number): Promise<void> {
  await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow('ESRCH'), { timeout: 20_000, interval: 10 })
}

/** A process that stands for the gateway and runs a function that never ends; gives its pid and the function's. */
async function start(handler: string, event?: object) {
  const gateway = spawn(process.execPath, [...fromSource, script, handler, ...(event ? [JSON.stringify(event)] : [])], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(gateway.stdout, 'data')) as [Buffer]
  return { gateway, functionPid: Number(line.toString().trim()) }
}

test.each(['handlers.loops', 'handlers.never'])('a gateway that is killed takes %s with it', async (handler) => {
  const { gateway, functionPid } = await start(handler)
  gateway.kill('SIGKILL')
  await once(gateway, 'exit')
  try {
    await untilGone(functionPid)
  } catch (error) {
    process.kill(functionPid, 'SIGKILL')
    throw error
  }
})

test.runIf(process.platform === 'linux')(
  'a gateway that is killed takes what a function has detached with it',
  async () => {
    const { gateway, functionPid: child } = await start('handlers.escapes', { way: 'twice' })
    process.kill(child, 0)
    gateway.kill('SIGKILL')
    await once(gateway, 'exit')
    await untilGone(child)
  },
)

test.runIf(process.platform === 'linux')('a guard that is killed is replaced', async () => {
  const { gateway, functionPid } = await start('handlers.loops')
  const guard = () => childrenOf(gateway.pid as number).find((pid) => commandLine(pid).startsWith('/bin/sh'))
  const first = guard() as number
  process.kill(first, 'SIGKILL')
  try {
    await vi.waitFor(() => expect(guard() ?? first).not.toBe(first), { timeout: 20_000, interval: 10 })
    gateway.kill('SIGKILL')
    await once(gateway, 'exit')
    await untilGone(functionPid)
  } finally {
    // A loop that is left behind would slow down whatever is tested next.
    if (isThere(functionPid)) process.kill(functionPid, 'SIGKILL')
    gateway.kill('SIGKILL')
  }
})

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
}

function commandLine(pid: number): string {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
}
