import type { CertificateFiles, TlsOptions } from '../contract.ts'
import { readTlsFiles } from '../tls-files.ts'

/** The reason why the start is refused where clients have to be asked for certificates. */
export const noClientCertificates =
  "uWebSockets.js can't ask for client certificates: use the transport node, or have a proxy in front ask for them"

/** Whether clients have to be asked for certificates, of which no proxy tells; under every name only a server can ask. */
export function asksForCertificates({ clientCa, domains = [], proxiesTell }: TlsOptions): boolean {
  return Boolean(clientCa) || (!proxiesTell && domains.some((domain) => domain.clientCa !== null))
}

/** Reads and checks the files of TLS, which uWebSockets.js reads by itself; one text, which another one differs from when they change. */
export async function tlsText(tls: TlsOptions): Promise<string> {
  const { domains, ...own } = await readTlsFiles(tls)
  return JSON.stringify([own, ...domains])
}

/** The options of `SSLApp` and `addServerName`. */
export function sslOptions({ certificate, key, passphrase }: CertificateFiles) {
  return { cert_file_name: certificate, key_file_name: key, ...(passphrase === null ? {} : { passphrase }) }
}
