import { X509Certificate } from 'node:crypto'
import type { TransportRequest } from '../transport/contract.ts'
import { hostOf } from '../vocabulary/host.ts'

/** Says whether an authority of a truststore vouches for a certificate, at a time in milliseconds since 1970. */
export type Vouches = (certificate: X509Certificate, now: number) => boolean

/** The client certificates that a domain asks for. */
export interface DomainCertificates {
  readonly isRequired: boolean
  /** Judges certificates of which a proxy tells; null to trust the proxy. */
  readonly vouches: Vouches | null
}

export interface ClientCertificateOptions {
  /** The domains that ask for certificates, by their names in lower case. */
  readonly domains: ReadonlyMap<string, DomainCertificates>
  /** The header in which proxies tell of certificates, in lower case; null for none. */
  readonly header: string | null
  /** Whether a peer is a proxy whose header is believed. */
  readonly isProxy: (peer: string) => boolean
  readonly now: () => number
}

/** The certificates that clients show, to the server underneath or to a proxy in front of it. */
export interface ClientCertificates {
  /** The certificate of a client; null for none that counts. */
  of(request: TransportRequest): X509Certificate | null
  /** Whether the domain of a request asks for a certificate and none has come. */
  isMissing(request: TransportRequest): boolean
  /** The header that nobody may see, since the client itself has sent it; null for none. */
  hiddenHeader(request: TransportRequest): string | null
}

export function createClientCertificates(options: ClientCertificateOptions): ClientCertificates {
  const { domains, header, isProxy, now } = options
  const domainOf = (request: TransportRequest) => domains.get((hostOf(request.header('host')) ?? '').replace(/\.$/, ''))

  function of(request: TransportRequest): X509Certificate | null {
    // What a proxy shows to the server underneath is its own certificate.
    if (header !== null && isProxy(request.remoteAddress())) return told(request, header)
    const pem = request.clientCertificate()
    return pem === null ? null : new X509Certificate(pem)
  }

  function told(request: TransportRequest, name: string): X509Certificate | null {
    const lines = request.headers().filter(([each]) => each.toLowerCase() === name)
    const [line] = lines
    // With a second line nobody knows which one is the proxy's.
    const certificate = line === undefined || lines.length > 1 ? null : readCertificateHeader(line[1])
    if (certificate === null || !isValid(certificate, now())) return null
    const vouches = domainOf(request)?.vouches ?? null
    return vouches === null || vouches(certificate, now()) ? certificate : null
  }

  return {
    of,
    isMissing: (request) => domainOf(request)?.isRequired === true && of(request) === null,
    hiddenHeader: (request) => (header === null || isProxy(request.remoteAddress()) ? null : header),
  }
}

/**
 * Reads the certificate in a proxy's header: PEM with percent escapes (nginx's `$ssl_client_escaped_cert`, AWS's
 * `X-Amzn-Mtls-Clientcert`), DER in base64 (HAProxy's `ssl_c_der,base64`), or that between colons (RFC 9440 §2.1). Null
 * for what is none.
 */
export function readCertificateHeader(value: string): X509Certificate | null {
  const text = value.trim()
  try {
    if (text.includes('-----BEGIN')) return new X509Certificate(decodeURIComponent(text))
    const base64 = text.replace(/^:(.*):$/, '$1')
    return /^[A-Za-z0-9+/]+={0,2}$/.test(base64) ? new X509Certificate(Buffer.from(base64, 'base64')) : null
  } catch {
    return null
  }
}

/** Makes the judge of a truststore: whom one of its authorities has signed, while that one is valid itself. */
export function createTruststore(authorities: readonly X509Certificate[]): Vouches {
  return (certificate, now) =>
    authorities.some(
      (authority) =>
        authority.ca &&
        isValid(authority, now) &&
        certificate.checkIssued(authority) &&
        certificate.verify(authority.publicKey),
    )
}

function isValid({ validFrom, validTo }: X509Certificate, now: number): boolean {
  return Date.parse(validFrom) <= now && now <= Date.parse(validTo)
}
