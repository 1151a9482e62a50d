import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { repository } from '../helpers/examples.ts'

const execute = promisify(execFile)

/** A folder for what is made here, and the command that a global installation of the packed gateway puts there. */
let folder: string
let command: string
let installed: string
let warnings: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-packed-'))
  const clone = await unbuiltClone(join(folder, 'clone'))
  const { stdout } = await execute('npm', ['pack', '--json', '--pack-destination', folder], {
    cwd: clone,
    maxBuffer: 16 * 1024 * 1024,
  })
  const [{ filename }] = JSON.parse(stdout)
  // What `npm ci` has fetched for this clone is in npm's cache.
  const install = ['install', '--global', '--prefix', folder, '--prefer-offline', join(folder, filename)]
  warnings = (await execute('npm', install, { cwd: folder })).stderr
  command = join(folder, 'bin/postern')
  installed = join(folder, 'lib/node_modules/postern')
}, 180_000)
afterAll(() => rm(folder, { recursive: true, force: true }))

/** The sources as a fresh clone has them, after `npm ci` but never built. */
async function unbuiltClone(clone: string): Promise<string> {
  const { stdout } = await execute('git', ['ls-files', '-co', '--exclude-standard', '-z'], { cwd: repository })
  for (const file of stdout.split('\0')) {
    if (!existsSync(join(repository, file)) || file === '') continue
    await cp(join(repository, file), join(clone, file))
  }
  const workspaces: Readonly<Record<string, string>> = {
    'postern-documents': 'documents',
    'postern-load': 'load',
    'msgpackr-extract': 'packaging',
  }
  const link = async (name: string) => {
    const path = join(clone, 'node_modules', name)
    await mkdir(dirname(path), { recursive: true })
    const workspace = workspaces[name]
    await symlink(join(workspace === undefined ? join(repository, 'node_modules', name) : join(clone, workspace)), path)
  }
  for (const name of await readdir(join(repository, 'node_modules'))) {
    const scoped = name.startsWith('@') ? await readdir(join(repository, 'node_modules', name)) : null
    for (const each of scoped === null ? [name] : scoped.map((inner) => `${name}/${inner}`)) await link(each)
  }
  return clone
}

async function postern(...args: string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
  try {
    return { code: 0, ...(await execute(command, args, { cwd: folder })) }
  } catch (error) {
    const { code, stdout, stderr } = error as { code: unknown; stdout: string; stderr: string }
    return { code, stdout, stderr }
  }
}

test('installing it warns of no script and of nothing deprecated', () => {
  expect(warnings).not.toMatch(/deprecated|postern|script|msgpackr/)
})

test('the packed gateway brings msgpackr without its native part, which would have an install script', async () => {
  const asked = "import('msgpackr').then((found) => console.log(found.isNativeAccelerationEnabled))"
  const { stdout } = await execute('node', ['-e', asked], { cwd: installed })
  expect(stdout).toBe('false\n')
  expect(existsSync(join(installed, 'node_modules/@msgpackr-extract'))).toBe(false)
})

test('the packed gateway brings the workspace that it reads with, which no registry has', async () => {
  const { version } = JSON.parse(await readFile(join(repository, 'package.json'), 'utf8'))
  expect(existsSync(join(installed, 'node_modules/postern-documents/dist/yaml-source.js'))).toBe(true)
  expect(await postern('--version')).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
})

test('the packed gateway serves an example', async () => {
  await cp(join(installed, 'routes/echo'), join(folder, 'routes/echo'), { recursive: true })
  // So few connections that no machine's limit on descriptors is worth a warning.
  const flags = ['--port', '0', '--management-port', '0', '--max-connections', '100']
  const child = spawn(command, ['start', 'routes', ...flags], {
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
}, 60_000)

test('the packed gateway says how to get the load tool', async () => {
  expect(await postern('load', 'chat.yaml')).toEqual({
    code: 2,
    stdout: '',
    stderr: expect.stringContaining('npm install postern-load'),
  })
})
