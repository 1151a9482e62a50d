import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { afterAll, describe, expect, test } from 'vitest'
import { certificateIdentity } from '../../src/gateway/certificate-identity.ts'
import {
  createClientCertificates,
  createTruststore,
  readCertificateHeader,
} from '../../src/gateway/client-certificates.ts'
import type { HeaderList } from '../../src/vocabulary/headers.ts'
import { type Issued, makeCertificates } from '../transport/certificates.ts'

const files = makeCertificates()
afterAll(() => files.remove())
const read = ({ certificate }: Issued) => new X509Certificate(readFileSync(certificate))

const authority = files.issue('authority', { subject: '/C=DE/O=Acme, Inc.+CN=devices' })
const device = read(files.issue('device', { subject: '/C=DE/O=Acme/CN=device 1', by: authority }))
const expired = read(files.issue('expired-device', { subject: '/CN=device 2', by: authority, to: '20210101000000Z' }))
const stranger = read(files.issue('stranger', { subject: '/CN=device 1' }))
/** One of the same name as the authority, which has signed nothing. */
const namesake = read(files.issue('namesake', { subject: '/C=DE/O=Acme, Inc.+CN=devices' }))
const now = Date.UTC(2026, 0, 1)
const pem = (certificate: X509Certificate) => encodeURIComponent(certificate.toString())

test('a certificate has the members and shapes of AWS', () => {
  expect(certificateIdentity(device)).toEqual({
    'clientCert.clientCertPem': device.toString(),
    'clientCert.subjectDN': 'CN=device 1,O=Acme,C=DE',
    'clientCert.issuerDN': expect.stringMatching(
      /(O=Acme\\, Inc\.\+CN=devices|CN=devices\+O=Acme\\, Inc\.|CN=devices),.*C=DE$/,
    ),
    'clientCert.serialNumber': expect.stringMatching(/^[0-9a-f]{2}(:[0-9a-f]{2})*$/),
    'clientCert.validity.notBefore': 'Jan  1 00:00:00 2020 GMT',
    'clientCert.validity.notAfter': 'Dec 31 00:00:00 2099 GMT',
  })
})

describe('a truststore', () => {
  test('vouches for whom one of its authorities has signed, not only one of the same name', () => {
    expect(createTruststore([read(authority)])(device, now)).toBe(true)
    expect(createTruststore([read(authority)])(stranger, now)).toBe(false)
    expect(createTruststore([namesake])(device, now)).toBe(false)
    expect(createTruststore([])(device, now)).toBe(false)
  })

  test('has authorities only, while they are valid', () => {
    expect(createTruststore([device])(device, now)).toBe(false)
    expect(createTruststore([read(authority)])(device, Date.UTC(2100, 5, 1))).toBe(false)
  })
})

test.each(['', ' ', 'nonsense!', '%', '-----BEGIN CERTIFICATE-----', '::', ':AAAA:', 'AAAA', '%2D'.repeat(5_000)])(
  'a header of %j has no certificate',
  (value) => {
    expect(readCertificateHeader(value)).toBeNull()
  },
)

describe('a request', () => {
  const proxy = '10.0.0.1'
  const certificates = createClientCertificates({
    domains: new Map([
      ['devices.example.com', { isRequired: true, vouches: createTruststore([read(authority)]) }],
      ['both.example.com', { isRequired: false, vouches: createTruststore([read(authority)]) }],
    ]),
    header: 'x-client-cert',
    isProxy: (peer) => peer === proxy,
    now: () => now,
  })
  const request = (host: string, values: readonly string[], peer = proxy, shown: string | null = null) => {
    const headers: HeaderList = [['Host', host], ...values.map((value) => ['X-Client-Cert', value] as const)]
    const header = (name: string) => headers.find(([each]) => each.toLowerCase() === name)?.[1] ?? ''
    return {
      ...{ method: 'GET', path: '/', query: '', header, headers: () => headers },
      ...{ remoteAddress: () => peer, clientCertificate: () => shown },
    }
  }

  test('has the certificate of which its proxy tells, where an authority of the domain vouches for it', () => {
    for (const host of ['devices.example.com', 'DEVICES.example.com.:443', 'both.example.com', 'other.example.com']) {
      expect(certificates.of(request(host, [pem(device)]))?.subject).toBe(device.subject)
    }
    for (const other of [expired, stranger]) {
      expect(certificates.of(request('both.example.com', [pem(other)]))).toBeNull()
      expect(certificates.isMissing(request('devices.example.com', [pem(other)]))).toBe(true)
      expect(certificates.isMissing(request('both.example.com', [pem(other)]))).toBe(false)
    }
  })

  test('has none with two lines of the header, of which one may be the client’s', () => {
    expect(certificates.isMissing(request('devices.example.com', [pem(device), pem(device)]))).toBe(true)
  })

  test('of a proxy has not the certificate that the proxy shows itself', () => {
    expect(certificates.isMissing(request('devices.example.com', [], proxy, device.toString()))).toBe(true)
  })

  test('of anybody else has the one that was shown, and its header is hidden', () => {
    const forged = request('devices.example.com', [pem(device)], '203.0.113.9')
    expect(certificates.isMissing(forged)).toBe(true)
    expect(certificates.hiddenHeader(forged)).toBe('x-client-cert')
    const shown = request('devices.example.com', [], '203.0.113.9', device.toString())
    expect(certificates.isMissing(shown)).toBe(false)
    expect(certificates.hiddenHeader(request('devices.example.com', [pem(device)]))).toBeNull()
  })
})
