import { oneOf, refusedMembers, text } from 'postern-documents/schema-parts'
import { z } from 'zod'
import { apiId, path } from './setting.ts'

/** The schema of one name of `allowedHosts`. */
export const allowedHost = text('a host name in lower case without a port, or *. before one', {
  max: 255,
  pattern: /^(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$|^\[[0-9a-f:.]+\]$/,
})

const apiMapping = z.strictObject({
  apiMappingKey: text("letters, digits and $-_.+!*'(), or nothing for the whole domain", {
    min: 0,
    max: 300,
    pattern: /^[\w$.+!*'()-]*$/,
  })
    .default('')
    .describe('The first segment of the path; empty for the whole domain.'),
  apiId: apiId().describe('The API behind it.'),
  stage: text('the name of a stage', { max: 128, pattern: /^[\w-]+$/ }).describe('The stage behind it.'),
})

const certificate = z.strictObject({
  certificate: path().describe('PEM file of the certificate and its chain.'),
  key: path().describe('PEM file of the private key; POSTERN_TLS_PASSPHRASE opens an encrypted one.'),
})

const mutualTls = z.strictObject({
  truststoreUri: path().describe('PEM file of the authorities whose client certificates are taken.'),
  mode: oneOf(['REQUIRED', 'OPTIONAL'])
    .default('REQUIRED')
    .describe('REQUIRED lets nobody in without a certificate; OPTIONAL tells of one where it is shown. Beyond AWS.'),
})
refusedMembers.add(mutualTls, { truststoreVersion: 'a reload reads the file anew' })

/** The schema of one entry of `domains`. */
export const domain = z.strictObject({
  domainName: text('a host name in lower case, without a port', {
    max: 253,
    pattern: /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/,
  }).describe('The host that clients use.'),
  apiMappings: z
    .array(apiMapping, { error: 'a list of API mappings' })
    .min(1, { error: 'at least one API mapping' })
    .max(1_000, { error: 'at most 1000 API mappings' })
    .describe('What is served under the domain.'),
  tls: certificate.optional().describe('The certificate of the domain; that of tls without it.'),
  mutualTlsAuthentication: mutualTls
    .optional()
    .describe('Client certificates (mTLS): clients, and callers of @connections, of this domain show one.'),
})
