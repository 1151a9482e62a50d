import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { settingsFileSchema } from '../../src/config/settings.ts'
import { settingsTable } from '../../src/config/settings-table.ts'
import { ranIn } from './ran-in.ts'

let file: string
let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'postern-config-'))
  file = join(root, 'postern.yaml')
  await writeFile(file, 'dir: apis\nport: 9000\nlambda:\n  region: eu-west-1\ndomains: []\n')
})
afterAll(() => rm(root, { recursive: true }))

const secrets = {
  POSTERN_CONNECTIONS_TOKENS: 'geheim',
  POSTERN_REDIS: 'redis://u:geheim@host',
  AWS_SECRET_ACCESS_KEY: 'geheim',
}

async function explained(argv: readonly string[], env: Record<string, string> = {}) {
  const { code, out, err } = await ranIn(['config', '--json', '--config', file, ...argv], env)
  expect({ code, err }).toEqual({ code: 0, err: '' })
  const rows = out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  return new Map(rows.map((row) => [row.name, row]))
}

test('postern config says of every setting where it came from', async () => {
  const rows = await explained(['--host', '127.0.0.2'], { POSTERN_DRAIN_SECONDS: '7' })
  const from = (name: string) => rows.get(name)
  expect(from('host')).toMatchObject({ value: '127.0.0.2', origin: 'flag', place: '--host' })
  expect(from('drainSeconds')).toMatchObject({ value: 7, origin: 'environment', place: 'POSTERN_DRAIN_SECONDS' })
  expect(from('port')).toMatchObject({ value: 9000, origin: 'file', place: `${file}:2` })
  expect(from('dir')).toMatchObject({ value: join(root, 'apis'), origin: 'file' })
  expect(from('lambda.region')).toMatchObject({ value: 'eu-west-1', origin: 'file', place: `${file}:4` })
  expect(from('domains')).toMatchObject({ value: [], origin: 'file', place: `${file}:5` })
  expect(from('logLevel')).toMatchObject({ value: 'info', origin: 'default', place: null })
  expect(from('defaultApi')).toMatchObject({ value: null, origin: 'default' })
  expect([...rows.keys()]).toEqual(expect.arrayContaining(settingsTable.map(({ name }) => name)))
  for (const name of Object.keys(settingsFileSchema.shape)) {
    expect([...rows.keys()].some((each) => each === name || each.startsWith(`${name}.`))).toBe(true)
  }
})

test('what follows from tokens or the region of AWS is shown as it is in force', async () => {
  const rows = await explained([], { ...secrets, AWS_REGION: 'x' })
  expect(rows.get('connectionsAuthorization')).toMatchObject({ value: 'TOKEN', origin: 'default' })
  expect(rows.get('managementAuthorization')).toMatchObject({ value: 'NONE' })
})

test('secrets are named and never shown', async () => {
  const rows = await explained([], secrets)
  expect(rows.get('POSTERN_CONNECTIONS_TOKENS')).toMatchObject({ isSecret: true, value: null, origin: 'environment' })
  expect(rows.get('redis')).toMatchObject({ value: 'redis://u@host', place: 'POSTERN_REDIS' })
  expect(JSON.stringify([...rows])).not.toContain('geheim')
  const { out } = await ranIn(['config', '--config', file], secrets)
  expect(out).toMatch(/^POSTERN_CONNECTIONS_TOKENS +\(secret\) +POSTERN_CONNECTIONS_TOKENS$/m)
  expect(out).toMatch(new RegExp(`^port +9000 +${file}:2$`, 'm'))
  expect(out).not.toContain('geheim')
})

test('faults of the settings are reported in their places', async () => {
  const { code, out, err } = await ranIn(['config', '--port', 'x'])
  expect({ code, out }).toEqual({ code: 1, out: '' })
  expect(err).toContain('--port: found "x"')
})
