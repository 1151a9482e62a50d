import type { Settings } from '../config/settings.ts'
import type { DomainTls, TlsOptions } from '../transport/contract.ts'

/** The files of TLS that the settings name, by domain; null for plain TCP. */
export function tlsOptions({ tls, domains, clientCertificateHeader }: Settings): TlsOptions | null {
  if (tls === null) return null
  const { passphrase, clientCa } = tls
  const named = domains.flatMap(({ domainName, tls: own, mutualTlsAuthentication: mutual }): DomainTls[] => {
    if (own === undefined && mutual === undefined) return []
    return [
      {
        domainName,
        certificate: own === undefined ? null : { ...own, passphrase },
        // What the port asks of everybody holds for a domain without its own say.
        clientCa: mutual?.truststoreUri ?? clientCa,
        isRequired: mutual === undefined || mutual.mode === 'REQUIRED',
      },
    ]
  })
  return { ...tls, domains: named, proxiesTell: clientCertificateHeader !== null }
}
