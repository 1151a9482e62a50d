import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { CertificateFiles, TlsOptions } from './contract.ts'

/** A certificate with its key, as texts that were read from files and fit each other. */
export interface CertificateTexts {
  readonly cert: string
  readonly key: string
  readonly passphrase: string | null
}

/** All that TLS needs, read and checked. */
export interface TlsTexts extends CertificateTexts {
  /** The authorities of client certificates; null where nobody is asked. */
  readonly ca: string | null
  /** The texts of domains by their names; `own` is null for those with the certificate of all other names. */
  readonly domains: ReadonlyMap<string, { readonly own: CertificateTexts | null; readonly ca: string | null }>
}

/**
 * Reads the files that the server underneath needs and checks them first, since that only says that something failed.
 * Rejects with one sentence that names the path and never shows the passphrase.
 */
export async function readTlsFiles(options: TlsOptions, now: number = Date.now()): Promise<TlsTexts> {
  const own = await readCertificate(options, now)
  const ca = options.clientCa ? await readClientAuthorities(options.clientCa) : null
  const domains = new Map<string, { own: CertificateTexts | null; ca: string | null }>()
  for (const { domainName, certificate, clientCa } of options.domains ?? []) {
    domains.set(domainName, {
      own: certificate === null ? null : await readCertificate(certificate, now),
      ca: clientCa === null ? null : await readClientAuthorities(clientCa),
    })
  }
  return { ...own, ca, domains }
}

/** Checks the files of one certificate, as `readTlsFiles` does. */
export async function checkTlsFiles(files: CertificateFiles, now: number = Date.now()): Promise<void> {
  await readCertificate(files, now)
}

async function readCertificate(files: CertificateFiles, now: number): Promise<CertificateTexts> {
  const cert = await read(files.certificate, 'certificate')
  const certificate = parseCertificate(files.certificate, cert)
  const keyText = await read(files.key, 'key')
  const key = parseKey(files, keyText)
  if (!certificate.checkPrivateKey(key)) {
    throw new Error(`the key in ${files.key} does not belong to the certificate in ${files.certificate}`)
  }
  if (Date.parse(certificate.validTo) < now) {
    throw new Error(`the certificate in ${files.certificate} expired on ${isoDay(certificate.validTo)}; renew it`)
  }
  if (Date.parse(certificate.validFrom) > now) {
    throw new Error(`the certificate in ${files.certificate} is valid only from ${isoDay(certificate.validFrom)} on`)
  }
  return { cert, key: keyText, passphrase: files.passphrase }
}

/**
 * Reads the authorities of client certificates, each of which has to be a certificate; rejects with one sentence that
 * names the path.
 */
export async function readClientAuthorities(path: string): Promise<string> {
  const pem = await read(path, 'client authorities')
  parseCertificate(path, pem)
  try {
    certificatesOf(pem)
  } catch {
    throw new Error(`a certificate in ${path} is damaged`)
  }
  return pem
}

/** The certificates of a PEM text; throws for a damaged one. */
export function certificatesOf(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []
  return blocks.map((block) => new X509Certificate(block))
}

async function read(path: string, what: string): Promise<string> {
  try {
    return await readFile(path, 'latin1')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    const cause = code === 'ENOENT' ? 'does not exist' : `can't be read (${code})`
    throw new Error(`the TLS ${what} file ${path} ${cause}`)
  }
}

function parseCertificate(path: string, pem: string): X509Certificate {
  if (!pem.includes('-----BEGIN CERTIFICATE-----')) {
    throw new Error(`${path} holds no PEM certificate (no line says BEGIN CERTIFICATE)`)
  }
  try {
    return new X509Certificate(pem)
  } catch {
    throw new Error(`the certificate in ${path} is damaged`)
  }
}

function parseKey({ key: path, passphrase }: CertificateFiles, pem: string): KeyObject {
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem)) {
    throw new Error(`${path} holds no PEM private key (no line says BEGIN PRIVATE KEY)`)
  }
  const isEncrypted = pem.includes('ENCRYPTED')
  if (isEncrypted && passphrase === null) throw new Error(`the key in ${path} is encrypted; give its passphrase`)
  try {
    return createPrivateKey(passphrase === null ? { key: pem } : { key: pem, passphrase })
  } catch {
    throw new Error(isEncrypted ? `the passphrase does not open the key in ${path}` : `the key in ${path} is damaged`)
  }
}

function isoDay(date: string): string {
  return new Date(date).toISOString().slice(0, 10)
}
