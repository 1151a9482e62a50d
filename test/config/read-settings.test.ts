import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatFault } from 'postern-documents/faults'
import { afterAll, describe, expect, test } from 'vitest'
import { readSettings, readSettingsForCheck, type SettingSources } from '../../src/config/read-settings.ts'
import { settingsTable } from '../../src/config/settings-table.ts'
import { networksOf } from '../../src/vocabulary/networks.ts'

const root = mkdtempSync(join(tmpdir(), 'postern-settings-'))
afterAll(() => rmSync(root, { recursive: true }))
let files = 0

function file(text: string): string {
  const path = join(root, `${++files}.yaml`)
  writeFileSync(path, text)
  return path
}

function sources(given: Partial<SettingSources> & { yaml?: string }): SettingSources {
  const { flags = {}, env = {}, yaml = '{}' } = given
  return { flags, env, file: given.file ?? file(yaml) }
}

async function settingsOf(given: Parameters<typeof sources>[0]) {
  const { settings, faults } = await readSettings(sources(given))
  expect(faults).toEqual([])
  if (settings === null) throw new Error('no settings')
  return settings
}

async function faultsOf(given: Parameters<typeof sources>[0]): Promise<string[]> {
  const { settings, faults } = await readSettings(sources(given))
  expect(settings).toBeNull()
  return faults.map((fault) => formatFault(fault).replace(/^.*\/\d+\.yaml/, 'postern.yaml'))
}

describe('settings', () => {
  test('are safe by default', async () => {
    expect(await settingsOf({})).toEqual({
      allowedHosts: [],
      dir: 'routes',
      host: '127.0.0.1',
      usage: { apiKeys: [], usagePlans: [], prices: null },
      usageFile: null,
      revocationsFile: null,
      jwtSecrets: [],
      jwtTrustedOrigins: [],
      port: 8080,
      managementHost: '127.0.0.1',
      managementPort: 8081,
      tls: null,
      transport: 'auto',
      defaultApi: null,
      domains: [],
      watch: false,
      drainDelaySeconds: 0,
      drainSeconds: 30,
      connectionsAuthorization: 'NONE',
      connectionsTokens: [],
      managementAuthorization: 'NONE',
      managementTokens: [],
      credentials: null,
      trustedProxies: [],
      proxyProtocol: false,
      clientCertificateHeader: null,
      allowedNetworks: [],
      deniedNetworks: [],
      managementAllowedNetworks: [],
      managementDeniedNetworks: [],
      lambda: { endpoint: null, region: 'us-east-1', credentials: null },
      connectTimeoutInMillis: 3000,
      maxBackendConnections: 128,
      maxIntegrationResponseBytes: 10_485_760,
      maxConnections: 100_000,
      maxBufferedBytes: 1_048_576,
      maxWaitingBytes: 268_435_456,
      maxMessagesInFlight: 128,
      maxOrderedQueue: 64,
      maxGroupsPerConnection: 100,
      throttleSettings: null,
      newConnectionThrottle: null,
      sourceLimits: null,
      pingIntervalInSeconds: 60,
      disconnectCodeAndReason: false,
      idempotencyWindowInSeconds: 300,
      binaryFrames: false,
      playground: true,
      logFormat: 'auto',
      logLevel: 'info',
      workers: 1,
      redis: null,
      leaseSeconds: 15,
      uwsModule: null,
      workerName: null,
    })
  })

  test('of a flag win over those of a variable, and those over the file', async () => {
    const yaml = 'port: 1\ndrainSeconds: 1\nlogLevel: warn\n'
    const env = { POSTERN_PORT: '2', POSTERN_DRAIN_SECONDS: '2' }
    expect(await settingsOf({ yaml, env, flags: { port: '3' } })).toMatchObject({
      port: 3,
      drainSeconds: 2,
      logLevel: 'warn',
    })
  })

  test('in an empty variable count as unset', async () => {
    expect(await settingsOf({ env: { POSTERN_PORT: '', POSTERN_CONNECTIONS_TOKENS: '' } })).toMatchObject({
      port: 8080,
    })
  })

  test('take every kind of value from a variable', async () => {
    const env = {
      POSTERN_WATCH: 'true',
      POSTERN_PLAYGROUND: '0',
      POSTERN_TRUSTED_PROXIES: '10.0.0.0/8, ::1',
      POSTERN_LAMBDA_ENDPOINT: 'http://127.0.0.1:9001',
    }
    expect(await settingsOf({ env })).toMatchObject({
      watch: true,
      playground: false,
      trustedProxies: ['10.0.0.0/8', '::1'],
      lambda: { endpoint: 'http://127.0.0.1:9001' },
    })
  })

  test('ignore what Kubernetes sets for a service that is called postern', async () => {
    const env = {
      POSTERN_PORT: 'tcp://10.0.0.1:8080',
      POSTERN_PORT_8080_TCP_ADDR: '10.0.0.1',
      POSTERN_SERVICE_HOST: '10.0.0.1',
    }
    expect(await settingsOf({ env })).toMatchObject({ port: 8080 })
  })

  test('leave alone what the commands for operators read', async () => {
    const env = { POSTERN_MANAGEMENT_URL: 'http://127.0.0.1:8081', POSTERN_MANAGEMENT_TOKEN: 's3cr3t-s3cr3t' }
    expect(await settingsOf({ env })).toMatchObject({ managementPort: 8081, managementTokens: [] })
  })

  test('take the keys of Lambda calls from where AWS tools do', async () => {
    const env = {
      AWS_ACCESS_KEY_ID: 'AKID',
      AWS_SECRET_ACCESS_KEY: 's',
      AWS_SESSION_TOKEN: 't',
      AWS_REGION: 'eu-west-1',
    }
    const credentials = { accessKeyId: 'AKID', secretAccessKey: 's', sessionToken: 't' }
    expect((await settingsOf({ env })).lambda).toEqual({ endpoint: null, region: 'eu-west-1', credentials })
    expect((await settingsOf({ env, yaml: 'lambda: { region: eu-north-1 }' })).lambda.region).toBe('eu-north-1')
    expect((await settingsOf({ env: { AWS_ACCESS_KEY_ID: 'AKID' } })).lambda.credentials).toBeNull()
  })

  test('find files relative to the file they stand in, and flags relative to where one is', async () => {
    writeFileSync(join(root, 'cert.pem'), '')
    writeFileSync(join(root, 'key.pem'), '')
    const yaml = 'dir: apis\ntls: { certificate: cert.pem, key: key.pem }\n'
    const env = { POSTERN_TLS_PASSPHRASE: 'open sesame' }
    expect(await settingsOf({ yaml, env })).toMatchObject({
      dir: join(root, 'apis'),
      tls: {
        certificate: join(root, 'cert.pem'),
        key: join(root, 'key.pem'),
        clientCa: null,
        passphrase: 'open sesame',
      },
    })
    expect(await settingsOf({ yaml, flags: { dir: 'mine' } })).toMatchObject({ dir: 'mine' })
  })

  test('have a flag and a variable of their own each', () => {
    expect(new Set(settingsTable.map((row) => row.flag)).size).toBe(settingsTable.length)
    expect(new Set(settingsTable.map((row) => row.variable)).size).toBe(settingsTable.length)
    expect(settingsTable.find((row) => row.name === 'lambda.endpoint')).toMatchObject({
      flag: 'lambda-endpoint',
      variable: 'POSTERN_LAMBDA_ENDPOINT',
      kind: 'text',
    })
    for (const row of settingsTable) expect(row.description).toMatch(/^\S.*\.$/)
  })

  test('of several workers ask for the redis that they share', async () => {
    const allowed =
      '1, or more with redis (--redis, POSTERN_REDIS), through which they reach the connections of each other'
    expect(await faultsOf({ flags: { workers: '2' } })).toEqual([`--workers: found 2; allowed: ${allowed}`])
    expect(await faultsOf({ yaml: 'workers: 64' })).toEqual([
      `postern.yaml:1:10: workers: found 64; allowed: ${allowed}`,
    ])
    expect(await settingsOf({ env: { POSTERN_WORKERS: '64', POSTERN_REDIS: 'redis://localhost' } })).toMatchObject({
      workers: 64,
    })
    for (const workers of ['0', '65', '1.5', 'auto']) {
      expect(await faultsOf({ flags: { workers, redis: 'redis://localhost' } })).toEqual([
        expect.stringContaining('allowed: a whole number from 1 to 64'),
      ])
    }
  })
})

describe('a port that others can reach', () => {
  const remedy = 'POSTERN_CONNECTIONS_TOKENS or connectionsTokensFile'

  test.each(['0.0.0.0', '::', '10.1.2.3', 'gateway.internal'])(
    '%s is refused without tokens, with the remedy',
    async (host) => {
      expect(await faultsOf({ flags: { host } })).toEqual([
        `--host: found "${host}"; allowed: 127.0.0.1, or another with ${remedy} (or with connectionsAuthorization: NONE, if anyone who reaches it may post to @connections)`,
      ])
    },
  )

  test.each(['127.0.0.1', '127.8.8.8', 'localhost', '::1', '::ffff:127.0.0.1'])('%s is none', async (host) => {
    expect((await settingsOf({ flags: { host } })).connectionsAuthorization).toBe('NONE')
  })

  test('is served with tokens, or when it is written that there need be none', async () => {
    const host = '0.0.0.0'
    const env = { POSTERN_CONNECTIONS_TOKENS: 'old, new' }
    expect(await settingsOf({ flags: { host }, env })).toMatchObject({
      connectionsAuthorization: 'TOKEN',
      connectionsTokens: ['old', 'new'],
    })
    expect(await settingsOf({ yaml: `host: ${host}\nconnectionsAuthorization: NONE\n`, env })).toMatchObject({
      connectionsAuthorization: 'NONE',
      connectionsTokens: [],
    })
  })

  test('is refused for the management port, too', async () => {
    expect(await faultsOf({ yaml: 'port: 80\nmanagementHost: 0.0.0.0\n' })).toEqual([
      'postern.yaml:2:17: managementHost: found "0.0.0.0"; allowed: 127.0.0.1, or another with POSTERN_MANAGEMENT_TOKENS or managementTokensFile (or with managementAuthorization: NONE, if anyone who reaches it may use the management port)',
    ])
    const env = { POSTERN_MANAGEMENT_TOKENS: 't' }
    expect(await settingsOf({ yaml: 'managementHost: 0.0.0.0', env })).toMatchObject({
      managementAuthorization: 'TOKEN',
      managementTokens: ['t'],
    })
  })
})

describe('tokens', () => {
  test('come from a file, one a line, beside those of the environment', async () => {
    writeFileSync(join(root, 'tokens'), 'a\n\n  b  \r\n')
    const env = { POSTERN_CONNECTIONS_TOKENS: 'c' }
    expect(await settingsOf({ yaml: 'connectionsTokensFile: tokens', env })).toMatchObject({
      connectionsTokens: ['c', 'a', 'b'],
    })
  })

  test('that cannot be read are a fault', async () => {
    expect(await faultsOf({ yaml: 'managementTokensFile: nowhere' })).toEqual([
      `postern.yaml:1:23: managementTokensFile: ${join(root, 'nowhere')}: no such file or folder`,
    ])
  })

  test('of an empty file are a fault', async () => {
    writeFileSync(join(root, 'none'), '\n')
    expect(await faultsOf({ yaml: 'connectionsTokensFile: none' })).toEqual([
      'postern.yaml:1:24: connectionsTokensFile: found an empty file; allowed: tokens, one a line',
    ])
  })

  test('that are asked for must be there', async () => {
    expect(await faultsOf({ env: { POSTERN_CONNECTIONS_AUTHORIZATION: 'TOKEN' } })).toEqual([
      'POSTERN_CONNECTIONS_AUTHORIZATION: TOKEN, but there are no tokens; allowed: with POSTERN_CONNECTIONS_TOKENS or connectionsTokensFile',
    ])
  })

  test('that no header can carry are a fault that does not show them', async () => {
    const faults = await faultsOf({ env: { POSTERN_CONNECTIONS_TOKENS: 'geheim nis' } })
    expect(faults).toEqual([
      'postern.yaml:1:1: connectionsAuthorization: a token from POSTERN_CONNECTIONS_TOKENS or connectionsTokensFile is not valid; allowed: letters, digits and - . _ ~ + / with = at the end, at most 4096 characters',
    ])
  })
})

describe('secrets of JWT authorizers', () => {
  const long = 'x'.repeat(31)

  test('come from a file, a name and a secret a line, beside those of the environment', async () => {
    writeFileSync(join(root, 'jwt'), `chat=b${long}\n\nshop=c=${long}\n`)
    const env = { POSTERN_JWT_SECRETS: `chat=a${long}` }
    const { jwtSecrets } = await settingsOf({ yaml: 'jwtSecretsFile: jwt', env })
    expect(jwtSecrets).toEqual([
      { name: 'chat', secret: `a${long}` },
      { name: 'chat', secret: `b${long}` },
      { name: 'shop', secret: `c=${long}` },
    ])
  })

  test('that can be guessed, or have no name, are a fault that does not show them', async () => {
    expect(await faultsOf({ env: { POSTERN_JWT_SECRETS: 'chat=geheim,geheim' } })).toEqual([
      'postern.yaml:1:1: jwtSecretsFile: the secret chat from POSTERN_JWT_SECRETS or jwtSecretsFile can be guessed; allowed: at least 32 bytes',
      'postern.yaml:1:1: jwtSecretsFile: a secret from POSTERN_JWT_SECRETS or jwtSecretsFile has no name; allowed: name=secret',
    ])
  })

  test('do not stand in the settings file', async () => {
    expect(await faultsOf({ yaml: 'jwtSecrets: {}' })).toEqual([expect.stringMatching(/POSTERN_JWT_SECRETS/)])
  })
})

describe('the password of Redis', () => {
  test('comes from a file, a variable, or the URL inside POSTERN_REDIS, which is then without it', async () => {
    writeFileSync(join(root, 'redis-password'), 'from the file\n')
    const yaml = 'redis: rediss://postern@redis.example/2\n'
    const address = { kind: 'single', nodes: [{ host: 'redis.example', port: 6379 }], tls: true, username: 'postern' }
    const cases: [Parameters<typeof sources>[0], string | null][] = [
      [{ yaml }, null],
      [{ yaml: `${yaml}redisPasswordFile: redis-password` }, 'from the file'],
      [{ yaml, env: { POSTERN_REDIS_PASSWORD: 'open' } }, 'open'],
      [{ env: { POSTERN_REDIS: 'rediss://postern:se%20same@redis.example/2' } }, 'se same'],
    ]
    for (const [given, password] of cases) {
      const { redis } = await settingsOf(given)
      expect(redis).toMatchObject({ address, password, keyPrefix: 'postern:', ca: null, sentinelPassword: null })
      expect(redis?.address.database).toBe(2)
    }
  })

  test('is refused, and not shown, in a flag and in the file', async () => {
    const allowed = 'a URL without a password, which comes from POSTERN_REDIS_PASSWORD or redisPasswordFile'
    expect(await faultsOf({ flags: { redis: 'redis://:ge/heim@localhost' } })).toEqual([
      expect.stringMatching(/^--redis: found "redis:\/\/…@localhost"/),
    ])
    expect(await faultsOf({ yaml: 'redis: redis://a:geheim@localhost' })).toEqual([
      `postern.yaml:1:8: redis: found "redis://…@localhost"; allowed: ${allowed}`,
    ])
    expect(await faultsOf({ yaml: 'redisPassword: geheim' })).toEqual([
      expect.stringMatching(/not supported: secrets come from the environment \(POSTERN_REDIS_PASSWORD\)/),
    ])
  })
})

describe('a fault', () => {
  const cases: [string, Parameters<typeof sources>[0], ...string[]][] = [
    [
      'in the file names line and column',
      { yaml: 'port: 70000\nprot: 1\n' },
      'postern.yaml:1:7: port: found 70000 (a number); allowed: a whole number from 0 to 65535',
      'postern.yaml:2:1: prot: unknown member. Did you mean "port"?',
    ],
    [
      'beside very many names shows some of them',
      { yaml: 'colour: red\n' },
      expect.stringMatching(
        /^postern\.yaml:1:1: colour: unknown member; allowed: dir, host, (\w+, ){17}\w+ and \d+ more$/,
      ),
    ],
    [
      'of a flag names the flag',
      { flags: { port: 'http' } },
      '--port: found "http"; allowed: a whole number from 0 to 65535',
    ],
    [
      'of a variable names the variable',
      { env: { POSTERN_LOG_LEVEL: 'wran', POSTERN_WATCH: 'maybe' } },
      'POSTERN_LOG_LEVEL: found "wran"; allowed: debug, info, warn, error, silent. Did you mean "warn"?',
      'POSTERN_WATCH: found "maybe"; allowed: true or false',
    ],
    [
      'in one of a list names which',
      { yaml: 'trustedProxies: [10.0.0.0/8, 10.0.0.0/33, example.com]' },
      'postern.yaml:1:30: trustedProxies[1]: found "10.0.0.0/33"; allowed: an address or a network, such as 10.0.0.0/8',
      'postern.yaml:1:43: trustedProxies[2]: found "example.com"; allowed: an address or a network, such as 10.0.0.0/8',
    ],
    [
      'is a variable that there is not, with the nearest one',
      { env: { POSTERN_PROT: '1' } },
      'POSTERN_PROT: no such setting. Did you mean "POSTERN_PORT"?',
    ],
    [
      'is a secret in the file, with the place where it belongs',
      { yaml: 'connectionsTokens: [abc]\ntls: { certificate: a, key: b, passphrase: c }\n' },
      'postern.yaml:1:1: connectionsTokens: not supported: secrets come from the environment (POSTERN_CONNECTIONS_TOKENS) or a file (connectionsTokensFile)',
      'postern.yaml:2:32: tls.passphrase: not supported: secrets come from the environment: POSTERN_TLS_PASSPHRASE',
    ],
    [
      'is a ping interval that the server underneath has not',
      { yaml: 'pingIntervalInSeconds: 5' },
      'postern.yaml:1:24: pingIntervalInSeconds: found 5 (a number); allowed: 0, or a whole number from 8 to 960',
    ],
    [
      'is a certificate without a key',
      { yaml: 'tls: { certificate: cert.pem }' },
      'postern.yaml:1:1: tls.key: missing; allowed: the path of a file',
    ],
    [
      'is a certificate that is not there',
      { yaml: 'tls: { certificate: no.pem, key: no.key }' },
      `postern.yaml:1:21: tls.certificate: ${join(root, 'no.pem')}: no such file or folder`,
      `postern.yaml:1:34: tls.key: ${join(root, 'no.key')}: no such file or folder`,
    ],
    [
      'is one port for both',
      { yaml: 'managementPort: 8080' },
      'postern.yaml:1:17: managementPort: found 8080; allowed: another port than the one of port',
    ],
    [
      'is a domain or a mapping that stands there twice',
      {
        yaml: `domains:
  - { domainName: a.example, apiMappings: [{ apiId: x, stage: s }, { apiId: y, stage: s }] }
  - { domainName: a.example, apiMappings: [{ apiMappingKey: k, apiId: x, stage: s }] }
`,
      },
      'postern.yaml:2:68: domains[0].apiMappings[1].apiMappingKey: "" is mapped twice',
      'postern.yaml:3:19: domains[1].domainName: a.example stands in domains twice',
    ],
    ['is a file that is no map', { yaml: '- port' }, 'postern.yaml:1:1: found a list; allowed: a map'],
  ]

  test.each(cases)('%s', async (_, given, ...faults) => {
    expect(await faultsOf(given)).toEqual(faults)
  })

  test('is a file that was named and is not there', async () => {
    const faults = await faultsOf({ file: join(root, 'nowhere.yaml') })
    expect(faults).toEqual([`${join(root, 'nowhere.yaml')}: no such file or folder`])
  })

  test('of tokens is none for a check of the file alone', async () => {
    const read = await readSettingsForCheck(
      sources({ yaml: 'dir: apis\nhost: 0.0.0.0\nconnectionsTokensFile: nowhere\n' }),
    )
    expect(read.faults).toEqual([])
    expect(read.settings?.dir).toBe(join(root, 'apis'))
  })
})

test('trusted networks know IPv4, IPv6 and single addresses', () => {
  const list = networksOf(['10.0.0.0/8', '192.168.1.1', 'fd00::/8'])
  expect(list.check('10.9.8.7')).toBe(true)
  expect(list.check('192.168.1.1')).toBe(true)
  expect(list.check('192.168.1.2')).toBe(false)
  expect(list.check('fd12::1', 'ipv6')).toBe(true)
  expect(list.check('fe80::1', 'ipv6')).toBe(false)
})
