import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { repository } from '../helpers/examples.ts'

const execute = promisify(execFile)
const command = join(repository, 'src/cli/postern.cjs')

/** Runs the command by a Node.js that says to be of another version. */
async function ranBy(version: string, ...argv: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-node-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const preload = join(folder, 'version.cjs')
  await writeFile(preload, `Object.defineProperty(process.versions, 'node', { value: '${version}' })`)
  try {
    return { code: 0, ...(await execute(process.execPath, ['--require', preload, command, ...argv])) }
  } catch (error) {
    return error as { code: number; stdout: string; stderr: string }
  }
}

test('an old Node.js prints the version, and says in a sentence what it lacks', async () => {
  const { version } = JSON.parse(await readFile(join(repository, 'package.json'), 'utf8'))
  const sentence = (found: string) => `postern runs on Node.js 20 and later; this is ${found}.\n`
  for (const found of ['0.10.48', '8.17.0', '18.20.8']) {
    expect(await ranBy(found, '--version')).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: sentence(found) })
  }
  expect(await ranBy('12.22.12', 'start')).toMatchObject({ code: 1, stdout: '', stderr: sentence('12.22.12') })
})

test.each(['postern.cjs', 'early-signals.cjs'])(
  'what an old Node.js reads of %s has no syntax that is younger',
  async (file) => {
    const source = await readFile(join(repository, 'src/cli', file), 'utf8')
    const code = source
      .replaceAll(/\/\*[\s\S]*?\*\//g, '')
      .replaceAll(/\/\/.*$/gm, '')
      .replaceAll(/'[^'\n]*'/g, "''")
    expect(code).not.toMatch(/=>|`|\?\.|\?\?|\b(?:const|let|class|import|export|async|await|of)\b|node:/)
  },
)
