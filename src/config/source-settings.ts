import { flag, text } from 'postern-documents/schema-parts'
import { setting } from './setting.ts'
import { networks } from './trusted-networks.ts'

/** The settings that say from where anybody may come. */
export const sourceMembers = {
  proxyProtocol: setting(
    { group: 'Callers' },
    'Whether trustedProxies begin their connections with a PROXY protocol header (version 1 or 2), which gives the address of the client. Needs transport: node.',
    flag(),
  ).default(false),
  clientCertificateHeader: setting(
    { group: 'Callers', value: 'name' },
    'Header in which trustedProxies tell the certificate that they have asked the client for: PEM with escapes (nginx, AWS), DER in base64 (HAProxy), or as RFC 9440. From others it is taken away.',
    text('the name of a header', { max: 128, pattern: /^[A-Za-z0-9-]+$/ }),
  ).optional(),
  allowedNetworks: setting(
    { group: 'Callers', value: 'networks' },
    'The only networks from which clients and callers of @connections may come (CIDR); any when empty.',
    networks(),
  ).default([]),
  deniedNetworks: setting(
    { group: 'Callers', value: 'networks' },
    'Networks from which clients and callers of @connections may not come (CIDR), also where allowedNetworks has them.',
    networks(),
  ).default([]),
  managementAllowedNetworks: setting(
    { group: 'Callers', value: 'networks' },
    'The only networks from which the management port may be used (CIDR), probes included; any when empty.',
    networks(),
  ).default([]),
  managementDeniedNetworks: setting(
    { group: 'Callers', value: 'networks' },
    'Networks from which the management port may not be used (CIDR).',
    networks(),
  ).default([]),
}
