import { refusedMembers } from 'postern-documents/schema-parts'
import { z } from 'zod'
import { path, setting } from './setting.ts'

/** The schema of `tls`. */
export const tls = z.strictObject({
  certificate: setting({ group: 'Serving', value: 'file' }, 'PEM file of the certificate and its chain.', path()),
  key: setting({ group: 'Serving', value: 'file' }, 'PEM file of the private key.', path()),
  clientCa: setting(
    { group: 'Serving', value: 'file' },
    'PEM file of the authorities of client certificates: with it, clients and callers of @connections without a certificate of theirs are refused. Needs transport: node.',
    path(),
  ).optional(),
})
refusedMembers.add(tls, { passphrase: 'secrets come from the environment: POSTERN_TLS_PASSPHRASE' })
