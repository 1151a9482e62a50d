import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatFault } from 'postern-documents/faults'
import { afterAll, describe, expect, it } from 'vitest'
import { explainSettings } from '../../src/config/explain-settings.ts'
import { readSettings } from '../../src/config/read-settings.ts'

const root = mkdtempSync(join(tmpdir(), 'postern-usage-plans-'))
afterAll(() => rmSync(root, { recursive: true }))
const file = join(root, 'postern.yaml')

const value = 'canary-0123456789abcdef'
const acme = '{ id: acme, name: Acme Inc., valueVariable: ACME_KEY }'
const stage = '{ apiId: chat, stage: dev }'

async function read(yaml: string, env: Record<string, string> = { ACME_KEY: value }) {
  writeFileSync(file, yaml)
  const { settings, faults } = await readSettings({ flags: {}, env, file })
  return { settings, faults: faults.map((fault) => formatFault(fault).replace(file, 'postern.yaml')) }
}

describe('API keys and usage plans', () => {
  it('are read in the shapes of AWS, with values from a variable or a file', async () => {
    writeFileSync(join(root, 'bolt.key'), `${value}-bolt\n`)
    const { settings, faults } = await read(`
apiKeys: [${acme}, { id: bolt, valueFile: bolt.key }, { id: old, enabled: false, valueFile: /nowhere }]
usagePlans:
  - id: basic
    apiStages: [{ apiId: chat, stage: dev, throttle: { send: { rateLimit: 0.5, burstLimit: 1 } } }]
    throttle: { rateLimit: 10, burstLimit: 20 }
    quota: { limit: 1000, offset: 1, period: WEEK }
    keyIds: [acme, bolt]
usageFile: usage.json
usagePrices: { currency: EUR, perMillionRequests: { basic: 1.5 } }
`)
    expect(faults).toEqual([])
    expect(settings?.usageFile).toBe(join(root, 'usage.json'))
    expect(settings?.usage).toEqual({
      prices: { currency: 'EUR', perMillionRequests: { basic: 1.5 } },
      apiKeys: [
        { id: 'acme', name: 'Acme Inc.', enabled: true, value },
        { id: 'bolt', name: 'bolt', enabled: true, value: `${value}-bolt` },
        { id: 'old', name: 'old', enabled: false, value: null },
      ],
      usagePlans: [
        {
          id: 'basic',
          name: 'basic',
          apiStages: [{ apiId: 'chat', stage: 'dev', throttle: { send: { rateLimit: 0.5, burstLimit: 1 } } }],
          throttle: { rateLimit: 10, burstLimit: 20 },
          quota: { limit: 1000, offset: 1, period: 'WEEK' },
          keyIds: ['acme', 'bolt'],
        },
      ],
    })
  })

  it.each([
    [
      'a value in the open',
      `apiKeys: [{ id: acme, value: ${value} }]`,
      '1:23: apiKeys[0].value: not supported: values are secrets: they come from an environment variable (valueVariable) or a file (valueFile)',
    ],
    ['no value', 'apiKeys: [{ id: acme }]', '1:11: apiKeys[0]: one of valueVariable and valueFile is needed'],
    [
      'a short value',
      'apiKeys: [{ id: acme, valueVariable: SHORT }]',
      '1:38: apiKeys[0].valueVariable: found something else; allowed: a value of 20 to 128 characters without spaces',
    ],
    [
      'the same value twice',
      `apiKeys: [${acme}, { id: bolt, valueVariable: ACME_KEY }]`,
      '1:94: apiKeys[1].valueVariable: has the value of the key acme',
    ],
    [
      'an id twice',
      `apiKeys: [${acme}, { id: acme, enabled: false }]`,
      '1:73: apiKeys[1].id: acme stands in apiKeys twice',
    ],
    [
      'a plan of a key that is not there',
      'usagePlans: [{ id: basic, keyIds: [acme] }]',
      '1:36: usagePlans[0].keyIds[0]: no key of apiKeys has the id acme',
    ],
    [
      'a key with two plans for a stage',
      `apiKeys: [${acme}]\nusagePlans:\n- { id: one, apiStages: [${stage}], keyIds: [acme] }\n- { id: two, apiStages: [${stage}], keyIds: [acme] }`,
      '4:65: usagePlans[1].keyIds[0]: acme has the plan one for chat/dev already',
    ],
    [
      'a day that begins later',
      'usagePlans: [{ id: basic, quota: { limit: 1, period: DAY, offset: 1 } }]',
      '1:67: usagePlans[0].quota.offset: found 1; allowed: 0 with DAY',
    ],
    [
      'a price of no plan',
      'usagePrices: { currency: EUR, perMillionRequests: { basic: 1 } }',
      '1:53: usagePrices.perMillionRequests.basic: no plan of usagePlans has the id basic',
    ],
    [
      'a stage twice in a plan',
      `usagePlans: [{ id: basic, apiStages: [${stage}, ${stage}] }]`,
      '1:68: usagePlans[0].apiStages[1]: chat/dev stands in the plan twice',
    ],
  ])('have %s refused', async (_, yaml, fault) => {
    const { settings, faults } = await read(yaml, { ACME_KEY: value, SHORT: 'short' })
    expect(settings).toBeNull()
    expect(faults.join('\n')).toBe(`postern.yaml:${fault}`)
    expect(faults.join('\n')).not.toContain(value)
  })

  it('show no value to who asks for the settings in force', async () => {
    writeFileSync(file, `apiKeys: [${acme}]`)
    const { settings } = await explainSettings({ flags: {}, env: { ACME_KEY: value }, file })
    expect(JSON.stringify(settings)).not.toContain(value)
    expect(settings.find(({ name }) => name === 'ACME_KEY')).toMatchObject({ isSecret: true })
  })
})
