import { copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createFault, formatFault } from 'postern-documents/faults'
import { afterAll, expect, onTestFinished, test, vi } from 'vitest'
import { stringify } from 'yaml'
import { createCertificateReload } from '../../src/app/certificate-reload.ts'
import { checkCertificates } from '../../src/app/check-certificates.ts'
import { lookAtNeeds } from '../../src/app/doctor/server.ts'
import { lookAtTls } from '../../src/app/doctor/tls.ts'
import { readSettings } from '../../src/config/read-settings.ts'
import type { Settings } from '../../src/config/settings.ts'
import { nodeAbilities } from '../../src/transport/node/node-abilities.ts'
import { uwsAbilities } from '../../src/transport/uws/uws-abilities.ts'
import { recordLog } from '../helpers/record-log.ts'
import { makeCertificates } from '../transport/certificates.ts'

const files = makeCertificates()
afterAll(() => files.remove())

const tls = { certificate: files.certificate, key: files.key }
const apiMappings = [{ apiId: 'chat', stage: 'dev' }]
const damaged = join(files.directory, 'damaged-authority.pem')
writeFileSync(damaged, '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n')

async function read(members: object) {
  const file = join(files.directory, 'postern.yaml')
  writeFileSync(file, stringify(members))
  return readSettings({ flags: {}, env: {}, file })
}

async function settingsOf(members: object): Promise<Settings> {
  const { settings, faults } = await read(members)
  if (settings === null) throw new Error(faults.map(formatFault).join('\n'))
  return settings
}

const faulty = {
  tls: { certificate: files.expired, key: files.key },
  domains: [
    { domainName: 'a.example.com', apiMappings, tls: { certificate: 'certificate.pem', key: 'other-key.pem' } },
    { domainName: 'b.example.com', apiMappings, mutualTlsAuthentication: { truststoreUri: damaged } },
    { domainName: 'c.example.com', apiMappings, mutualTlsAuthentication: { truststoreUri: files.expired } },
  ],
}

test('postern doctor looks at the certificate of each domain and at each truststore', async () => {
  const findings = await lookAtTls(await settingsOf(faulty), Date.now())
  expect(findings.map(({ state, found }) => [state, found])).toEqual([
    ['fail', `the certificate in ${files.expired} expired on 2021-01-01; renew it`],
    ['fail', `the key in ${files.otherKey} does not belong to the certificate in ${files.certificate}`],
    ['fail', `the certificate in ${damaged} is damaged`],
    ['warn', `authorities in ${files.expired} have expired: CN=localhost`],
  ])
  const domains = [
    { domainName: 'a.example.com', apiMappings, tls, mutualTlsAuthentication: { truststoreUri: files.certificate } },
  ]
  const fine = await lookAtTls(await settingsOf({ tls, domains }), Date.now())
  expect(fine.map(({ state }) => state)).toEqual(['ok', 'ok', 'ok'])
  expect((await lookAtTls(await settingsOf({}), 0)).map(({ found }) => found)).toEqual(['none: plain TCP'])
})

test('postern check warns of the same, each at its setting', async () => {
  const { locate } = await read(faulty)
  const found = await checkCertificates(await settingsOf(faulty), (finding) => locate(finding))
  expect(found.map(({ path, isWarning }) => [path, isWarning])).toEqual([
    ['tls.certificate', true],
    ['domains[0].tls.certificate', true],
    ['domains[1].mutualTlsAuthentication.truststoreUri', true],
  ])
  expect(await checkCertificates(await settingsOf({ tls }), (finding) => createFault({ file: '' }, finding))).toEqual(
    [],
  )
})

test.each<[string, object, string[]]>([
  [
    'files that are not there',
    { tls, domains: [{ domainName: 'a.b', apiMappings, tls: { certificate: 'no.pem', key: 'no-key.pem' } }] },
    [expect.stringContaining('domains[0].tls.certificate'), expect.stringContaining('domains[0].tls.key')],
  ],
  [
    'a certificate of a domain without TLS on the port',
    { domains: [{ domainName: 'a.b', apiMappings, tls }] },
    [expect.stringContaining('domains[0].tls: the port has no TLS; allowed: with tls')],
  ],
  [
    'certificates that nobody can show',
    { domains: [{ domainName: 'a.b', apiMappings, mutualTlsAuthentication: { truststoreUri: files.certificate } }] },
    [expect.stringContaining('domains[0].mutualTlsAuthentication: nobody can show a certificate; allowed: with tls')],
  ],
  [
    'a header, or PROXY protocol headers, of nobody',
    { proxyProtocol: true, clientCertificateHeader: 'X-Client-Cert' },
    [
      expect.stringContaining('proxyProtocol: nobody is believed; allowed: with trustedProxies'),
      expect.stringContaining('clientCertificateHeader: nobody is believed; allowed: with trustedProxies'),
    ],
  ],
])('settings with %s are refused', async (_, members, expected) => {
  const { settings, faults } = await read(members)
  expect(settings).toBeNull()
  expect(faults.map(formatFault).sort()).toEqual(expect.arrayContaining(expected))
})

test('postern doctor says what the server underneath can not do', async () => {
  const trustedProxies = ['10.0.0.1']
  const domains = [{ domainName: 'a.b', apiMappings, mutualTlsAuthentication: { truststoreUri: files.certificate } }]
  const needsOf = async (members: object, abilities = uwsAbilities) =>
    lookAtNeeds(await settingsOf(members), { abilities, server: 'it' }).map(({ found }) => found)
  const both = { tls, domains, trustedProxies, proxyProtocol: true }
  expect(await needsOf(both)).toEqual([
    "it can't do proxyProtocol: the start is refused",
    "it can't do client certificates: the start is refused",
  ])
  expect(await needsOf(both, nodeAbilities)).toEqual([])
  const told = { tls, domains, trustedProxies, clientCertificateHeader: 'X-Client-Cert' }
  expect(await needsOf(told)).toEqual([])
  expect(await needsOf({ ...told, tls: { ...tls, clientCa: files.certificate } })).toHaveLength(1)
})

test('certificates are read anew when a file of theirs changes, and what is wrong is said', async () => {
  const certificate = join(files.directory, 'watched.pem')
  copyFileSync(files.certificate, certificate)
  const log = recordLog()
  const reloadTls = vi.fn(async () => true)
  const reload = createCertificateReload({
    ...{ transport: { reloadTls }, client: null, log },
    tls: { certificate, key: files.key, passphrase: null },
  })
  onTestFinished(reload.watch())
  // The first look at a file comes a moment after `watch`: what changes before it is not seen.
  const isReloaded = () => {
    copyFileSync(files.future, certificate)
    return reloadTls.mock.calls.length
  }
  await expect.poll(isReloaded, { timeout: 30_000, interval: 3_000 }).toBeGreaterThan(0)
  reloadTls.mockRejectedValueOnce(new Error('no such file'))
  expect(await reload.run()).toBe(false)
  expect(log.entries.map(({ level, fields }) => [level, fields])).toContainEqual(['error', { reason: 'no such file' }])
})
