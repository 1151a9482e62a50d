import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'

/** Paths of the PEM files that TLS needs. */
export interface TlsFiles {
  readonly certificate: string
  readonly key: string
  readonly passphrase: string | null
}

/**
 * Reads the files that the server underneath will read and checks them first, since that only says that something
 * failed. Rejects with one sentence that names the path and never shows the passphrase.
 *
 * A certificate is read once, when the port opens. uWebSockets.js has no call that swaps the default certificate,
 * and `removeServerName` frees a router that open connections still use, so a new certificate needs a new process:
 * restart the workers one after the other.
 */
export async function checkTlsFiles(files: TlsFiles, now: number = Date.now()): Promise<void> {
  const certificate = parseCertificate(files.certificate, await read(files.certificate, 'certificate'))
  const key = parseKey(files, await read(files.key, 'key'))
  if (!certificate.checkPrivateKey(key)) {
    throw new Error(`the key in ${files.key} does not belong to the certificate in ${files.certificate}`)
  }
  if (Date.parse(certificate.validTo) < now) {
    throw new Error(`the certificate in ${files.certificate} expired on ${isoDay(certificate.validTo)}; renew it`)
  }
  if (Date.parse(certificate.validFrom) > now) {
    throw new Error(`the certificate in ${files.certificate} is valid only from ${isoDay(certificate.validFrom)} on`)
  }
}

/** Reads the authorities of client certificates; rejects with one sentence that names the path. */
export async function readClientAuthorities(path: string): Promise<string> {
  const pem = await read(path, 'client authorities')
  parseCertificate(path, pem)
  return pem
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

function parseKey({ key: path, passphrase }: TlsFiles, pem: string): KeyObject {
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
