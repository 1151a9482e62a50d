import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { repository } from '../helpers/examples.ts'

const execute = promisify(execFile)

/** A folder with what `npm install` of the packed gateway puts there; packages from the registry are links to ours. */
let folder: string
let main: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-packed-'))
  const { stdout } = await execute('npm', ['pack', '--json', '--pack-destination', folder], {
    cwd: repository,
    maxBuffer: 16 * 1024 * 1024,
  })
  const [{ filename }] = JSON.parse(stdout)
  const installed = join(folder, 'node_modules', 'postern')
  await mkdir(installed, { recursive: true })
  await execute('tar', ['-xzf', join(folder, filename), '-C', installed, '--strip-components', '1'])
  const { dependencies } = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8'))
  for (const name of Object.keys(dependencies)) {
    if (existsSync(join(installed, 'node_modules', name))) continue
    const link = join(folder, 'node_modules', name)
    await mkdir(dirname(link), { recursive: true })
    await symlink(join(repository, 'node_modules', name), link)
  }
  main = join(installed, 'dist/cli/main.js')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function postern(...args: string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
  try {
    return { code: 0, ...(await execute(process.execPath, [main, ...args], { cwd: folder })) }
  } catch (error) {
    const { code, stdout, stderr } = error as { code: unknown; stdout: string; stderr: string }
    return { code, stdout, stderr }
  }
}

test('the packed gateway brings the workspace that it reads with, which no registry has', async () => {
  const { version } = JSON.parse(await readFile(join(repository, 'package.json'), 'utf8'))
  expect(existsSync(join(folder, 'node_modules/postern/node_modules/postern-documents/dist/yaml-source.js'))).toBe(true)
  expect(await postern('--version')).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
})

test('the packed gateway serves an example', async () => {
  await cp(join(folder, 'node_modules/postern/routes/echo'), join(folder, 'routes/echo'), { recursive: true })
  const child = spawn(process.execPath, [main, 'start', 'routes', '--port', '0', '--management-port', '0'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const logged: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    logged.push(JSON.parse(line).msg)
    if (logged.at(-1) === 'listening') break
  }
  expect(logged).toEqual(['API deployed', 'listening'])
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([0, null])
})

test('the packed gateway says how to get the load tool', async () => {
  expect(await postern('load', 'chat.yaml')).toEqual({
    code: 2,
    stdout: '',
    stderr: expect.stringContaining('npm install postern-load'),
  })
})
