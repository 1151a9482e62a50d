import type { X509Certificate } from 'node:crypto'
import type { ConnectionIdentity } from '../vocabulary/connection.ts'

/**
 * The members of `$context.identity` that a client certificate brings, in AWS's shapes ("Configuring mutual TLS
 * authentication", and the events of "Working with AWS Lambda proxy integrations for HTTP APIs").
 */
export function certificateIdentity(certificate: X509Certificate): ConnectionIdentity {
  return {
    'clientCert.clientCertPem': certificate.toString(),
    'clientCert.subjectDN': distinguishedName(certificate.subject),
    'clientCert.issuerDN': distinguishedName(certificate.issuer),
    'clientCert.serialNumber': (certificate.serialNumber.toLowerCase().match(/../g) ?? []).join(':'),
    'clientCert.validity.notBefore': certificate.validFrom,
    'clientCert.validity.notAfter': certificate.validTo,
  }
}

/**
 * A name as RFC 4514 writes it, the most special part first: `CN=device 1,O=Acme,C=DE`. Node.js gives a part a line, the
 * most general one first, with special characters escaped.
 */
function distinguishedName(lines: string | undefined): string {
  // Absent for a certificate without a name, whatever its type says.
  return (lines ?? '')
    .split('\n')
    .reverse()
    .map((part) => part.split(' + ').join('+'))
    .join(',')
}
