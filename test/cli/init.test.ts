import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startPostern } from '../../src/app/start.ts'
import { readSettings } from '../../src/config/read-settings.ts'
import { Client } from '../helpers/client.ts'
import { ranIn } from './ran-in.ts'

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'postern-init-'))
  onTestFinished(() => rm(path, { recursive: true, force: true }))
  return path
}

test('postern init writes an API that has no fault, says what to run next, and is served', async () => {
  const dir = join(await folder(), 'apis')
  const { code, out, err } = await ranIn(['init', dir])
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(out).toContain(`postern start ${dir} --watch\n  postern connect ws://127.0.0.1:8080/hello/dev\n`)
  expect((await ranIn(['check', dir])).code).toBe(0)

  const { settings } = await readSettings({ flags: { dir, port: '0', managementPort: '0' }, env: {}, file: null })
  if (settings === null) throw new Error('no settings')
  const destination = { write() {} }
  const postern = await startPostern(settings, { destination, environment: process.env, version: 'test' })
  onTestFinished(() => postern.close())
  const client = await Client.connect(`ws://127.0.0.1:${postern.port}/hello/dev`)
  client.send('{"action":"shout","text":"hello"}')
  expect(await client.next()).toBe('HELLO')
  client.send('hi')
  expect(await client.next()).toMatch(/^hello \S+, you said: hi$/)
  client.close()
}, 30_000)

test('its api.yaml names a schema that is there, the one of this version', async () => {
  const dir = await folder()
  await ranIn(['init', dir])
  const [, schema = ''] = /\$schema=(\S+)/.exec(await readFile(join(dir, 'hello/api.yaml'), 'utf8')) ?? []
  const written = JSON.parse(await readFile(join(dir, 'hello', schema), 'utf8'))
  expect(written).toEqual(JSON.parse(await readFile(new URL('../../schema/api.schema.json', import.meta.url), 'utf8')))
})

test('what is there already is never overwritten', async () => {
  const dir = await folder()
  await ranIn(['init', dir])
  const file = join(dir, 'hello/api.yaml')
  await writeFile(file, 'mine')
  const { code, err } = await ranIn(['init', dir])
  expect(code).toBe(1)
  expect(err).toBe(`postern: ${file}: is there already; 'postern init <dir>' writes to another folder\n`)
  expect(await readFile(file, 'utf8')).toBe('mine')
})

test('an empty folder, and one that is not there, lead to it', async () => {
  const dir = await folder()
  const hint = `'postern init ${dir}' writes a first one`
  expect((await ranIn(['check', dir])).out).toContain(hint)
  expect((await ranIn(['start', dir, '--port', '0', '--management-port', '0'])).err).toContain(hint)
  expect((await ranIn(['check', join(dir, 'none')])).out).toContain(`'postern init ${join(dir, 'none')}' writes`)
  expect(existsSync(join(dir, 'none'))).toBe(false)
})
