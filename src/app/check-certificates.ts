import type { Fault, FaultPath, Finding } from 'postern-documents/faults'
import type { Settings } from '../config/settings.ts'
import { checkTlsFiles, readClientAuthorities } from '../transport/tls-files.ts'

/**
 * Finds what is wrong with the files of certificates, as warnings: the place where settings are checked need not be the one
 * where they are used.
 */
export async function checkCertificates(
  { tls, domains }: Pick<Settings, 'tls' | 'domains'>,
  locate: (finding: Finding) => Fault,
): Promise<Fault[]> {
  const passphrase = tls?.passphrase ?? null
  const looks: [FaultPath, Promise<unknown>][] = []
  if (tls !== null) looks.push([['tls', 'certificate'], checkTlsFiles(tls)])
  if (tls !== null && tls.clientCa !== null) looks.push([['tls', 'clientCa'], readClientAuthorities(tls.clientCa)])
  for (const [index, { tls: own, mutualTlsAuthentication: mutual }] of domains.entries()) {
    const path = ['domains', index]
    if (own !== undefined) looks.push([[...path, 'tls', 'certificate'], checkTlsFiles({ ...own, passphrase })])
    if (mutual !== undefined) {
      looks.push([[...path, 'mutualTlsAuthentication', 'truststoreUri'], readClientAuthorities(mutual.truststoreUri)])
    }
  }
  const found = looks.map(([path, look]) =>
    look.then(
      () => [],
      (error: Error) => [locate({ path, problem: error.message, isWarning: true })],
    ),
  )
  return (await Promise.all(found)).flat()
}
