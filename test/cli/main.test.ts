import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, expect, onTestFinished, test, vi } from 'vitest'
import { builtPostern } from '../helpers/built.ts'

// On a busy machine each of the processes takes seconds to load.
vi.setConfig({ testTimeout: 60_000 })

const root = mkdtempSync(join(tmpdir(), 'postern-main-'))
afterAll(() => rmSync(root, { recursive: true }))
mkdirSync(join(root, 'routes/chat'), { recursive: true })
const definition = `apiId: chat
protocolType: WEBSOCKET
routeSelectionExpression: $request.body.action
routes: {}
stages: { dev: {} }
`
writeFileSync(join(root, 'routes/chat/api.yaml'), definition)

function postern(...argv: string[]): ChildProcess & { stdout: NonNullable<ChildProcess['stdout']> } {
  const env = { PATH: process.env.PATH }
  const child = spawn(process.execPath, [builtPostern, ...argv], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child as ReturnType<typeof postern>
}

test('a check of the working directory ends with its exit code', async () => {
  const [code] = await once(postern('check'), 'exit')
  expect(code).toBe(0)
  const [missing] = await once(postern('check', 'nowhere'), 'exit')
  expect(missing).toBe(1)
})

test('a gateway serves until SIGTERM, and its process then ends with 0', async () => {
  const child = postern('start', '--port', '0', '--management-port', '0', '--drain-seconds', '0')
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.includes('listening')) break
  }
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([0, null])
})
