import { expect, onTestFinished, test } from 'vitest'
import { lookAtClock } from '../../src/app/doctor/clock.ts'
import { lookAtDescriptors } from '../../src/app/doctor/descriptors.ts'
import { lookAtRedis } from '../../src/app/doctor/redis.ts'
import { readSettings } from '../../src/config/read-settings.ts'
import type { Settings } from '../../src/config/settings.ts'
import { descriptorShortage } from '../../src/limits/descriptor-limit.ts'
import { startRedis } from '../helpers/redis-server.ts'

async function settingsOf(flags: Record<string, string>): Promise<Settings> {
  const { settings } = await readSettings({ flags, env: {}, file: null })
  if (settings === null) throw new Error('no settings')
  return settings
}

test.each([
  [{ soft: 1024, hard: 4096 }, 'warn', 'handshakes get 503 from about 768 connections on'],
  [{ soft: 2000, hard: 2000 }, 'ok', 'enough for maxConnections 1000'],
  [{ soft: Number.POSITIVE_INFINITY, hard: Number.POSITIVE_INFINITY }, 'ok', 'as many files as it likes'],
  [null, 'ok', 'does not tell'],
] as const)('the descriptor limit %j is %s', async (limit, state, found) => {
  const finding = lookAtDescriptors(limit, await settingsOf({ maxConnections: '1000' }))
  expect(finding).toMatchObject({ state, found: expect.stringContaining(found) })
})

test('a shortage of descriptors is worded as the start words it', async () => {
  const { found, remedy } = lookAtDescriptors({ soft: 1024, hard: 4096 }, await settingsOf({ maxConnections: '1000' }))
  expect(`${found}; ${remedy}`).toBe(descriptorShortage(1024, 1000))
})

test('a clock that is years behind is a warning', () => {
  expect(lookAtClock(Date.now()).state).toBe('ok')
  expect(lookAtClock(0)).toMatchObject({ state: 'warn', found: expect.stringContaining('1970-01-01') })
})

test('a clock that is seconds off that of Redis is a warning with the difference', async () => {
  const redis = await startRedis()
  onTestFinished(() => redis.close())
  const settings = await settingsOf({ redis: redis.url })
  for (const ahead of [5_000, -5_000]) {
    const findings = await lookAtRedis(settings, () => Date.now() + ahead)
    expect(findings.find(({ look }) => look === 'clock')).toMatchObject({
      state: 'warn',
      found: expect.stringMatching(/ are (5\.\d|4\.9) s apart$/),
    })
  }
})
