import type { X509Certificate } from 'node:crypto'
import type { Settings } from '../config/settings.ts'
import { compileSourceNetworks } from '../config/source-networks.ts'
import {
  type ClientCertificates,
  createClientCertificates,
  createTruststore,
  type DomainCertificates,
} from '../gateway/client-certificates.ts'
import { certificatesOf, readClientAuthorities } from '../transport/tls-files.ts'

/** The client certificates of a port, whose truststores may be read anew. */
export interface PortCertificates {
  readonly certificates: ClientCertificates
  /** Reads the truststores anew. Rejects with one sentence that names a faulty file, and changes nothing then. */
  reload(): Promise<void>
}

/** Reads the truststores of domains where proxies tell of certificates; null where nobody is asked for one. */
export async function openClientCertificates(settings: Settings, now: () => number): Promise<PortCertificates | null> {
  const { domains, tls, clientCertificateHeader: header, trustedProxies } = settings
  const asking = domains.filter(({ mutualTlsAuthentication }) => mutualTlsAuthentication !== undefined)
  if (asking.length === 0 && header === null && tls?.clientCa == null) return null
  const isProxy = compileSourceNetworks({ allowedNetworks: trustedProxies, deniedNetworks: [] }) ?? (() => false)
  const truststores = new Map<string, readonly X509Certificate[]>()

  async function reload(): Promise<void> {
    // The server underneath judges those that are shown to it.
    if (header === null) return
    const read = asking.map(async ({ domainName, mutualTlsAuthentication: mutual }) => {
      const pem = mutual === undefined ? '' : await readClientAuthorities(mutual.truststoreUri)
      return [domainName, certificatesOf(pem)] as const
    })
    for (const [name, authorities] of await Promise.all(read)) truststores.set(name, authorities)
  }

  await reload()
  const asked = new Map(
    asking.map(({ domainName, mutualTlsAuthentication: mutual }): [string, DomainCertificates] => [
      domainName,
      {
        isRequired: mutual?.mode === 'REQUIRED',
        vouches: (certificate, time) => createTruststore(truststores.get(domainName) ?? [])(certificate, time),
      },
    ]),
  )
  return { certificates: createClientCertificates({ domains: asked, header, isProxy, now }), reload }
}
