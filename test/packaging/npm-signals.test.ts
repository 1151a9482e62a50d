import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { repository } from '../helpers/examples.ts'

/** A clone that is built: npm finds the scripts of the package here, and what they run. */
let clone: string
const ports = ['--port', '0', '--management-port', '0', '--drain-seconds', '0']

beforeAll(async () => {
  clone = await mkdtemp(join(tmpdir(), 'postern-npm-'))
  const manifest = JSON.parse(await readFile(join(repository, 'package.json'), 'utf8'))
  // Building belongs to another test.
  const scripts = { ...manifest.scripts, build: 'node --version' }
  const { name, version, type, bin } = manifest
  await writeFile(join(clone, 'package.json'), JSON.stringify({ name, version, type, bin, scripts }))
  for (const each of ['dist', 'routes', 'node_modules']) await symlink(join(repository, each), join(clone, each))
})
afterAll(() => rm(clone, { recursive: true, force: true }))

/** Starts a gateway by a command of npm; resolves when it listens, with the process of npm and that of the gateway. */
async function started(command: string, args: readonly string[]): Promise<{ npm: ChildProcess; gateway: number }> {
  const npm = spawn(command, args, { cwd: clone, stdio: ['ignore', 'pipe', 'inherit'], detached: true })
  onTestFinished(() => {
    try {
      process.kill(-(npm.pid as number), 'SIGKILL')
    } catch {
      // All have ended.
    }
  })
  for await (const line of createInterface({ input: npm.stdout as Readable })) {
    if (!line.includes('"listening"')) continue
    return { npm, gateway: await gatewayOf(npm.pid as number) }
  }
  throw new Error('it ended before it listened')
}

/** The process of `postern start` among those below another one. */
async function gatewayOf(ancestor: number): Promise<number> {
  const children = (await readFile(`/proc/${ancestor}/task/${ancestor}/children`, 'utf8')).trim().split(' ')
  for (const child of children.filter((each) => each !== '').map(Number)) {
    const args = (await readFile(`/proc/${child}/cmdline`, 'utf8')).split('\0')
    if (args.includes('start') && args[0]?.endsWith('node')) return child
    const found = await gatewayOf(child).catch(() => null)
    if (found !== null) return found
  }
  throw new Error('there is no gateway')
}

async function ended(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0)
    } catch {
      return
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

test('SIGTERM to npm start ends the gateway in order', async () => {
  const { npm, gateway } = await started('npm', ['start', '--', ...ports])
  npm.kill('SIGTERM')
  expect(await once(npm, 'exit')).toEqual([0, null])
  await ended(gateway)
}, 60_000)

test('SIGTERM to npx postern start, which its shell keeps to itself, ends the gateway', async () => {
  const { npm, gateway } = await started('npx', ['postern', 'start', ...ports])
  npm.kill('SIGTERM')
  await once(npm, 'exit')
  await ended(gateway)
}, 60_000)

test('no script puts a shell between npm and what runs long', async () => {
  const { scripts } = JSON.parse(await readFile(join(repository, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  for (const name of ['start', 'load', 'load:fleet', 'bench', 'test']) expect(scripts[name]).toMatch(/&& exec [^&]+$/)
})
