import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Settings } from '../../config/settings.ts'
import type { CertificateFiles } from '../../transport/contract.ts'
import { certificatesOf, checkTlsFiles, readClientAuthorities } from '../../transport/tls-files.ts'
import { type Finding, fail, ok, warn } from './look.ts'

const look = 'tls'
const soonInDays = 14
const day = 86_400_000

/**
 * Whether each certificate and its key can be read, belong together, and are valid for some time, and whether there are
 * authorities where client certificates are asked for.
 */
export async function lookAtTls({ tls, domains }: Settings, now: number): Promise<Finding[]> {
  const { passphrase = null, clientCa = null } = tls ?? {}
  const truststores = domains.flatMap(({ mutualTlsAuthentication }) => mutualTlsAuthentication?.truststoreUri ?? [])
  const authorities = new Set([...(clientCa === null ? [] : [clientCa]), ...truststores])
  const own = domains.flatMap((domain) => (domain.tls === undefined ? [] : [{ ...domain.tls, passphrase }]))
  return [
    tls === null ? ok(look, 'none: plain TCP') : await lookAtCertificate(tls, now),
    ...(await Promise.all(own.map((files) => lookAtCertificate(files, now)))),
    ...(await Promise.all([...authorities].map((file) => lookAtAuthorities(file, now)))),
  ]
}

async function lookAtCertificate(files: CertificateFiles, now: number): Promise<Finding> {
  try {
    await checkTlsFiles(files, now)
  } catch (error) {
    return fail(look, (error as Error).message, 'give the PEM files of a certificate that is valid and of its key')
  }
  const end = Date.parse(new X509Certificate(await readFile(files.certificate)).validTo)
  const days = Math.floor((end - now) / day)
  const found = `the certificate in ${files.certificate} is valid for ${days} more days`
  return days < soonInDays ? warn(look, found, 'renew it, and have the gateway reload (SIGHUP)') : ok(look, found)
}

async function lookAtAuthorities(file: string, now: number): Promise<Finding> {
  let pem: string
  try {
    pem = await readClientAuthorities(file)
  } catch (error) {
    return fail(look, (error as Error).message, 'give a PEM file of the authorities of client certificates')
  }
  const found = certificatesOf(pem)
  const expired = found.filter(({ validTo }) => Date.parse(validTo) < now)
  if (expired.length === 0) return ok(look, `${file} has ${found.length} authorities of client certificates`)
  const names = expired.map(({ subject }) => subject.replaceAll('\n', ', ')).join('; ')
  return warn(
    look,
    `authorities in ${file} have expired: ${names}`,
    'replace them: clients with their certificates are refused',
  )
}
