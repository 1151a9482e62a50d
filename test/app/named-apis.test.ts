import { expect, test } from 'vitest'
import { startGateway } from '../helpers/postern.ts'

test('a gateway whose settings name an API that is not there does not start', async () => {
  const fault = startGateway({}, { flags: { defaultApi: 'tset' } }).catch((error: Error) => error)
  expect(await fault).toMatchObject({
    message: expect.stringContaining('settings name what is not there'),
    cause: {
      faults: [
        {
          file: 'settings',
          path: 'defaultApi',
          message: 'no definition has the apiId "tset"; allowed: test. Did you mean "test"?',
        },
      ],
    },
  })
})

test('an API that a reload takes away from a setting is missed in the log, and the rest is served on', async () => {
  const settings = { domains: [{ domainName: 'a.example', apiMappings: [{ apiId: 'test', stage: 'dev' }] }] }
  const gateway = await startGateway({}, { settings })
  try {
    await gateway.redefine({ stages: { prod: {} } })
    const lines = gateway.lines.map((line) => JSON.parse(line))
    expect(lines).toContainEqual(
      expect.objectContaining({
        level: 'error',
        field: 'domains[0].apiMappings[0].stage',
        msg: 'API test has no stage "dev"; allowed: prod',
      }),
    )
    expect((await fetch(`http://127.0.0.1:${gateway.managementPort}/healthz`)).status).toBe(200)
  } finally {
    await gateway.close()
  }
})
