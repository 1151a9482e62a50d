import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { createKeySources } from '../../../src/authorizers/jwt/key-sources.ts'
import { type Issuer, startIssuer } from '../../helpers/issuer.ts'
import { recordLog } from '../../helpers/record-log.ts'

let issuer: Issuer
afterEach(() => issuer.close())

test('authorizers of one issuer share its keys, which are fetched before the first token and stay while one holds them', async () => {
  issuer = await startIssuer()
  const sources = createKeySources({
    secrets: [],
    rules: { trustedOrigins: [], timeoutInMillis: 10_000 },
    log: recordLog(),
  })
  const before = sources.ofIssuer(issuer.url, null)
  await expect.poll(() => issuer.requests).toContain('/jwks')
  const [key] = await before.find('ES256', 'first')
  const after = sources.ofIssuer(issuer.url, null)
  await issuer.shut()
  before.close()
  before.close()
  expect(after.find('ES256', 'first')).toEqual([key])
  after.close()
  const anew = sources.ofIssuer(issuer.url, null)
  await expect(anew.find('ES256', 'first')).rejects.toMatchObject({ fault: 'keysUnavailable' })
  sources.close()
  await issuer.open()
})

test('the log says when keys can not be fetched, and when they can again', async () => {
  issuer = await startIssuer()
  await issuer.shut()
  const log = recordLog()
  const rules = { trustedOrigins: [], timeoutInMillis: 10_000 }
  const sources = createKeySources({ secrets: [], rules, log, timings: { retryPause: 0 } })
  const keys = sources.ofIssuer(issuer.url, null)
  await expect(keys.find('ES256', 'first')).rejects.toMatchObject({ fault: 'keysUnavailable' })
  await issuer.open()
  await expect.poll(async () => (await Promise.resolve(keys.find('ES256', 'first')))[0]?.kid).toBe('first')
  expect(log.entries.map(({ level }) => level)).toEqual(['warn', 'info'])
  sources.close()
})

test('secrets of one name are all valid, and what they have verified stands until they are replaced', async () => {
  issuer = await startIssuer()
  const secret = (letter: string) => ({ name: 'chat', secret: letter.repeat(32) })
  const rules = { trustedOrigins: [] }
  const sources = createKeySources({ secrets: [secret('a'), secret('b')], rules, log: recordLog() })
  const keys = sources.secrets('chat')
  const found = await keys.find('HS256', 'any')
  expect(found).toHaveLength(2)
  expect(await keys.find('HS384', null)).toEqual([])
  expect([sources.hasSecrets('chat'), sources.hasSecrets('shop')]).toEqual([true, false])
  expect(await sources.secrets('shop').find('HS256', null)).toEqual([])
  sources.useSecrets([secret('b')])
  expect(found.map(({ current }) => current)).toEqual([false, false])
  expect(await keys.find('HS256', 'any')).toHaveLength(1)
})

test('keys of a file follow the file', async () => {
  issuer = await startIssuer()
  const directory = mkdtempSync(join(tmpdir(), 'postern-'))
  const file = join(directory, 'jwks.json')
  writeFileSync(file, JSON.stringify(issuer.jwks()))
  const log = recordLog()
  const timings = { freshFor: 0, unknownKeyPause: 0 }
  const sources = createKeySources({ secrets: [], rules: { trustedOrigins: [] }, log, timings })
  const keys = sources.ofFile(issuer.url, file)
  expect(await keys.find('ES256', 'first')).toHaveLength(1)
  await issuer.addKey('second')
  writeFileSync(file, JSON.stringify(issuer.jwks()))
  expect(await keys.find('ES256', 'second')).toHaveLength(1)
  writeFileSync(file, '{')
  await keys.find('ES256', 'third')
  expect(await keys.find('ES256', 'second')).toHaveLength(1)
  expect(log.entries.map(({ fields }) => fields.problem)).toContain(`${file}: it is no JWK set`)
  sources.close()
  rmSync(directory, { recursive: true })
})
