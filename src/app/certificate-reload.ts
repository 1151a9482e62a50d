import { unwatchFile, watchFile } from 'node:fs'
import type { Log } from '../observability/contract.ts'
import type { TlsOptions, Transport } from '../transport/contract.ts'
import type { PortCertificates } from './client-certificates.ts'

/** Milliseconds between two looks at the files; they may be links that lead elsewhere from one moment to the next. */
const lookInMillis = 1_000
/** Milliseconds without a change before new files are read: certificate and key are written one after the other. */
const quietInMillis = 500

export interface CertificateReloadOptions {
  readonly transport: Pick<Transport, 'reloadTls'>
  /** The files; null for plain TCP. */
  readonly tls: TlsOptions | null
  /** The truststores of which the server underneath knows nothing; null for none. */
  readonly client: Pick<PortCertificates, 'reload'> | null
  readonly log: Log
}

/** The certificates of a port, which follow their files without a restart. */
export interface CertificateReload {
  /** Reads the files anew; gives whether there was nothing wrong with them. Never rejects: what was in force stays. */
  run(): Promise<boolean>
  /** Reads them anew whenever one changes; returns what ends the watching, safe to call twice. */
  watch(): () => void
}

export function createCertificateReload({ transport, tls, client, log }: CertificateReloadOptions): CertificateReload {
  async function run(): Promise<boolean> {
    try {
      await client?.reload()
      if (await transport.reloadTls()) log.info({}, 'new certificates are in force')
      return true
    } catch (error) {
      log.error(
        { reason: (error as Error).message },
        'new certificates are not taken over; those of before stay in force',
      )
      return false
    }
  }

  return {
    run,
    watch() {
      let timer: NodeJS.Timeout | null = null
      const changed = () => {
        if (timer !== null) clearTimeout(timer)
        timer = setTimeout(() => void run(), quietInMillis)
      }
      const files = tls === null ? [] : filesOf(tls)
      for (const file of files) watchFile(file, { interval: lookInMillis }, changed)
      return () => {
        if (timer !== null) clearTimeout(timer)
        for (const file of files) unwatchFile(file, changed)
      }
    },
  }
}

function filesOf(tls: TlsOptions): Set<string> {
  const domains = tls.domains ?? []
  const certificates = [tls, ...domains.flatMap(({ certificate }) => certificate ?? [])]
  const authorities = [tls, ...domains].flatMap(({ clientCa }) => clientCa ?? [])
  return new Set([...certificates.flatMap(({ certificate, key }) => [certificate, key]), ...authorities])
}
