import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { commands } from '../../src/cli/run.ts'
import { settingsTable } from '../../src/config/settings-table.ts'
import { ranIn } from './ran-in.ts'

const execute = promisify(execFile)
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-completion-'))
  await writeFile(join(folder, 'a file.pem'), '')
  await writeFile(join(folder, 'script.bash'), (await ranIn(['completion', 'bash'])).out)
})
afterAll(() => rm(folder, { recursive: true }))

/** What bash offers for the last of these words. */
async function offered(...words: string[]): Promise<string[]> {
  const line = ['postern', ...words]
  const script = `source script.bash
COMP_WORDS=(${line.map((word) => `'${word}'`).join(' ')}) COMP_CWORD=${line.length - 1}
_postern
printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout } = await execute('bash', ['--norc', '-u', '-c', script], { cwd: folder })
  return stdout.split('\n').filter((word) => word !== '')
}

describe('bash completes', () => {
  test('commands', async () => {
    const all = await offered('')
    const made = commands.map((make) => make({ io: {} as never, version: '', end() {} }).name())
    expect(all).toEqual(expect.arrayContaining(made))
    expect(all).not.toContain('worker-process')
    expect(await offered('conn')).toEqual(['connect', 'connections'])
    expect(await offered('connections', '')).toEqual(expect.arrayContaining(['list', 'get', 'send', 'close']))
    expect(await offered('completion', 'z')).toEqual(['zsh'])
  })

  test('every option of a command', async () => {
    const offers = await offered('start', '--')
    for (const { name, flag, default: given } of settingsTable) {
      if (name !== 'dir') expect(offers).toContain(given === true ? `--no-${flag}` : `--${flag}`)
    }
    expect(await offered('connections', 'list', '--since', '10m', '--us')).toEqual(['--user-agent', '--user'])
    expect(await offered('check', '--js')).toEqual(['--json'])
  })

  test('values that are a few words', async () => {
    expect(await offered('start', '--log-format', '')).toEqual(['auto', 'json', 'text'])
    expect(await offered('start', '--host', '')).toEqual([])
  })

  test('files, also those with a space', async () => {
    expect(await offered('start', '--tls-key', 'a')).toEqual(['a file.pem'])
    expect(await offered('check', 'scr')).toEqual(['script.bash'])
  })

  test('the word behind an option that has the name of a command', async () => {
    expect(await offered('start', '--worker-name', 'check', '--log-l')).toEqual(['--log-level'])
  })
})

test.each(['zsh', 'fish'])('%s reads its script without a fault, where it is installed', async (shell) => {
  const { code, out } = await ranIn(['completion', shell])
  expect(code).toBe(0)
  for (const word of ['connections', 'user-agent', 'log-format', 'auto json text']) expect(out).toContain(word)
  if (!existsSync(`/usr/bin/${shell}`)) return
  await writeFile(join(folder, `script.${shell}`), out)
  const { stderr } = await execute(shell, ['--no-execute', join(folder, `script.${shell}`)])
  expect(stderr).toBe('')
})

test('another shell is wrong usage', async () => {
  const { code, err } = await ranIn(['completion', 'csh'])
  expect(code).toBe(2)
  expect(err).toContain('Allowed choices are bash, zsh, fish.')
})
