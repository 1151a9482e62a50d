import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** PEM files in a directory of their own, made by openssl. */
export interface Certificates {
  directory: string
  certificate: string
  key: string
  encryptedKey: string
  otherKey: string
  expired: string
  future: string
  /** Makes a certificate with a key of its own, signed by another one or else by itself. */
  issue(name: string, options: { subject: string; by?: Issued; to?: string }): Issued
  remove(): void
}

/** Paths of a certificate and its key. */
export interface Issued {
  certificate: string
  key: string
}

/** Makes self-signed certificates for localhost; the passphrase of the encrypted key is `secret`. */
export function makeCertificates(): Certificates {
  const directory = mkdtempSync(join(tmpdir(), 'postern-tls-'))
  const path = (name: string) => join(directory, name)
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe' })
  const newKey = (name: string) =>
    openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', path(name))
  newKey('key.pem')
  newKey('other-key.pem')
  openssl('pkcs8', '-topk8', '-in', path('key.pem'), '-passout', 'pass:secret', '-out', path('encrypted-key.pem'))
  openssl('req', '-new', '-key', path('key.pem'), '-subj', '/CN=localhost', '-out', path('request.pem'))
  writeAuthority(path)
  const sign = (name: string, from: string, to: string) =>
    openssl(
      ...['ca', '-batch', '-notext', '-selfsign', '-config', path('ca.cnf'), '-keyfile', path('key.pem')],
      ...['-in', path('request.pem'), '-startdate', from, '-enddate', to, '-out', path(name)],
    )
  sign('certificate.pem', '20200101000000Z', '20991231000000Z')
  sign('expired.pem', '20200101000000Z', '20210101000000Z')
  sign('future.pem', '20980101000000Z', '20991231000000Z')
  return {
    directory,
    certificate: path('certificate.pem'),
    key: path('key.pem'),
    encryptedKey: path('encrypted-key.pem'),
    otherKey: path('other-key.pem'),
    expired: path('expired.pem'),
    future: path('future.pem'),
    issue(name, { subject, by, to = '20991231000000Z' }) {
      const issued = { certificate: path(`${name}.pem`), key: path(`${name}-key.pem`) }
      newKey(`${name}-key.pem`)
      openssl('req', '-new', '-key', issued.key, '-subj', subject, '-out', path(`${name}-request.pem`))
      openssl(
        ...['ca', '-batch', '-notext', '-config', path('ca.cnf'), '-preserveDN'],
        ...(by === undefined ? ['-selfsign', '-keyfile', issued.key] : ['-cert', by.certificate, '-keyfile', by.key]),
        ...['-in', path(`${name}-request.pem`), '-startdate', '20200101000000Z', '-enddate', to],
        ...['-extensions', by === undefined ? 'authority' : 'names', '-out', issued.certificate],
      )
      return issued
    },
    remove: () => rmSync(directory, { recursive: true }),
  }
}

/** Signs with dates in the past, which `openssl ca` can set; it keeps its books in files. */
function writeAuthority(path: (name: string) => string): void {
  writeFileSync(path('index.txt'), '')
  writeFileSync(path('serial'), '01')
  writeFileSync(
    path('ca.cnf'),
    `[ca]
default_ca = local
[local]
database = ${path('index.txt')}
serial = ${path('serial')}
new_certs_dir = ${path('.')}
default_md = sha256
unique_subject = no
policy = any
x509_extensions = names
[any]
countryName = optional
organizationName = optional
commonName = supplied
[names]
subjectAltName = DNS:localhost,IP:127.0.0.1
[authority]
subjectAltName = DNS:localhost,IP:127.0.0.1
basicConstraints = critical,CA:true
`,
  )
}
