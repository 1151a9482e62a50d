import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Io } from '../../src/cli/io.ts'
import { run } from '../../src/cli/run.ts'
import { startTestManagement } from '../helpers/management.ts'

let management: Awaited<ReturnType<typeof startTestManagement>>
beforeEach(async () => {
  management = await startTestManagement()
})
afterEach(() => management.close())

async function postern(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = ''
  let err = ''
  const io: Pick<Io, 'stdout' | 'stderr' | 'env'> = {
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (err += text) },
    env: { POSTERN_MANAGEMENT_URL: management.url },
  }
  const code = await run(['revocations', ...args], io as Io)
  return { code, out, err }
}

const listed = async () => {
  const { out } = await postern('list', '--json')
  return out
    .trimEnd()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
}

test('what is added is listed, and is gone when it is removed', async () => {
  expect(await postern('list')).toEqual({ code: 0, out: '', err: 'nothing is revoked\n' })
  const until = new Date(Date.now() + 3_600_000).toISOString()
  const added = await postern('add', '--token-id', 't1', '--api', 'chat', '--until', until, '--reason', 'laptop stolen')
  expect(added).toEqual({ code: 0, out: 'revoked\n', err: '' })
  expect((await postern('add', '--user', 'ada\u001b[2J', '--for', '2d')).code).toBe(0)
  expect((await postern('add', '--api-key-id', 'acme', '--for', '90s')).code).toBe(0)
  const [token, user, key] = await listed()
  expect(token).toMatchObject({ tokenId: 't1', apiId: 'chat', expiresAt: until, reason: 'laptop stolen' })
  expect(user).toMatchObject({ principalId: 'ada\u001b[2J', apiId: null, reason: null })
  expect(Date.parse(user.expiresAt) - Date.parse(user.revokedAt)).toBeGreaterThan(47 * 3_600_000)
  expect(key).toMatchObject({ apiKeyId: 'acme' })
  const { out } = await postern('list')
  const rows = out.split('\n').map((line) => line.split(/\s{2,}/))
  expect(rows[0]).toEqual(['REVOKED', 'ID', 'API', 'ENDS IN', 'REASON'])
  expect(rows[1]).toEqual(['token', 't1', 'chat', expect.stringMatching(/^(59m\d+s|1h0m)$/), 'laptop stolen'])
  expect(out).not.toContain('\u001b')
  expect(await postern('remove', '--token-id', 't1')).toMatchObject({
    code: 1,
    err: 'postern: There is no such revocation\n',
  })
  expect(await postern('remove', '--token-id', 't1', '--api', 'chat')).toMatchObject({ code: 0, out: 'removed\n' })
  expect((await listed()).map(({ tokenId }) => tokenId)).toEqual([undefined, undefined])
})

test('what is not said, or said twice, is asked for', async () => {
  expect((await postern('add', '--user', 'ada')).err).toContain('--until or --for says when it ends')
  expect((await postern('add', '--for', '1h')).err).toContain('One of tokenId, principalId, apiKeyId is needed')
  expect((await postern('add', '--user', 'a', '--token-id', 'b', '--for', '1h')).code).toBe(1)
  expect((await postern('add', '--user', 'a', '--until', '2020-01-01')).err).toContain('expiresAt has passed')
  expect((await postern('add', '--user', 'a', '--for', '500d')).err).toContain('at most 400 days')
  expect((await postern('add', '--user', 'a', '--for', 'ever')).code).toBe(2)
  expect(await listed()).toEqual([])
})
