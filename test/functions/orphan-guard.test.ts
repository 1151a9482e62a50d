import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, test, vi } from 'vitest'
import { fromSource } from '../helpers/from-source.ts'

const script = fileURLToPath(new URL('./handlers/orphaned-gateway.ts', import.meta.url))

async function untilGone(pid: number): Promise<void> {
  await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow('ESRCH'), { timeout: 5_000, interval: 10 })
}

/** A process that stands for the gateway and runs a function that never ends; gives its pid and the function's. */
async function start(handler: string) {
  const gateway = spawn(process.execPath, [...fromSource, script, handler], {
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
