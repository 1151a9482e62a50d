import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Settings } from '../../config/settings.ts'
import { checkTlsFiles } from '../../transport/tls-files.ts'
import { type Finding, fail, ok, warn } from './look.ts'

const look = 'tls'
const soonInDays = 14
const day = 86_400_000

/** Whether certificate and key can be read, belong together, and are valid for some time. */
export async function lookAtTls({ tls }: Settings, now: number): Promise<Finding> {
  if (tls === null) return ok(look, 'none: plain TCP')
  try {
    await checkTlsFiles(tls, now)
  } catch (error) {
    return fail(look, (error as Error).message, 'give the PEM files of a certificate that is valid and of its key')
  }
  const end = Date.parse(new X509Certificate(await readFile(tls.certificate)).validTo)
  const days = Math.floor((end - now) / day)
  const found = `the certificate in ${tls.certificate} is valid for ${days} more days`
  return days < soonInDays ? warn(look, found, 'renew it, and start the gateway anew') : ok(look, found)
}
