import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatFault } from 'postern-documents/faults'
import { afterAll, expect, test } from 'vitest'
import { readSettings } from '../../src/config/read-settings.ts'

const root = mkdtempSync(join(tmpdir(), 'postern-throttles-'))
afterAll(() => rmSync(root, { recursive: true }))
const file = join(root, 'postern.yaml')

async function read(yaml: string, env: Record<string, string> = {}) {
  writeFileSync(file, yaml)
  const { settings, faults } = await readSettings({ flags: {}, env, file })
  return { settings, faults: faults.map((fault) => formatFault(fault).replace(file, 'postern.yaml')) }
}

test('nothing is throttled by itself', async () => {
  const { settings } = await read('{}')
  expect(settings).toMatchObject({ throttleSettings: null, newConnectionThrottle: null, sourceLimits: null })
})

test('limits come from the file, variables and flags', async () => {
  const yaml =
    'throttleSettings: { rateLimit: 0.5, burstLimit: 3 }\nsourceLimits: { maxConnections: 9, maxPendingHandshakes: 7 }'
  const { settings, faults } = await read(yaml, {
    POSTERN_NEW_CONNECTION_THROTTLE_RATE_LIMIT: '500',
    POSTERN_NEW_CONNECTION_THROTTLE_BURST_LIMIT: '600',
    POSTERN_SOURCE_LIMITS_IPV6_PREFIX_LENGTH: '56',
  })
  expect(faults).toEqual([])
  expect(settings).toMatchObject({
    throttleSettings: { rateLimit: 0.5, burstLimit: 3 },
    newConnectionThrottle: { rateLimit: 500, burstLimit: 600 },
    sourceLimits: { rate: null, maxConnections: 9, maxPendingHandshakes: 7, ipv6PrefixLength: 56 },
  })
})

test.each([
  ['throttleSettings: { rateLimit: 5 }', /throttleSettings.burstLimit.*a whole number from 0 to 1000000000/],
  ['throttleSettings: { rateLimit: -1, burstLimit: 5 }', /rateLimit.*-1.*a number of 0 or more/],
  ['newConnectionThrottle: { rateLimit: 1, burstLimit: 1.5 }', /burstLimit.*1.5.*a whole number/],
  ['sourceLimits: { rateLimit: 1 }', /sourceLimits.rateLimit: rateLimit without burstLimit; allowed: both, or neither/],
  ['sourceLimits: { burstLimit: 1 }', /sourceLimits.burstLimit: burstLimit without rateLimit/],
  ['sourceLimits: { ipv6PrefixLength: 48 }', /sourceLimits: limits nothing; allowed: rateLimit and burstLimit, or/],
  ['sourceLimits: { ipv6PrefixLength: 8, maxConnections: 1 }', /ipv6PrefixLength.*8.*a whole number from 16 to 128/],
])('%s is a fault', async (yaml, message) => {
  const { faults } = await read(yaml)
  expect(faults).toEqual([expect.stringMatching(message)])
})
