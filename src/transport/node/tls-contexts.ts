import { constants } from 'node:crypto'
import type { ServerOptions as HttpsOptions, Server as HttpsServer } from 'node:https'
import { createSecureContext, type SecureContext, type SecureContextOptions, type TLSSocket } from 'node:tls'
import { hostOf } from '../../vocabulary/host.ts'
import type { TlsOptions } from '../contract.ts'
import { type CertificateTexts, readTlsFiles, type TlsTexts } from '../tls-files.ts'

/** The TLS of one name, or of all without one of their own. */
interface NamedTls {
  /** The name; empty for all others. */
  readonly name: string
  readonly context: SecureContext
  readonly asks: boolean
  readonly isRequired: boolean
}

/** The certificates of a server, by the names that clients ask for, and those that clients show. */
export interface TlsContexts {
  /** The options of node:https. */
  readonly serverOptions: HttpsOptions
  /** Lets only those connections of a server come as far as a request that have shown what they must. */
  guard(server: Pick<HttpsServer, 'prependListener'>): void
  /** Reads the files anew; gives whether they have changed. Rejects as `readTlsFiles` does, and changes nothing then. */
  reload(server: Pick<HttpsServer, 'setSecureContext'>): Promise<boolean>
  /** The certificate behind a request, as `TransportRequest.clientCertificate` has it. */
  clientCertificate(tcp: Partial<TLSSocket>, host: string): string | null
}

/** Reads the files of TLS; rejects with one sentence that names a faulty one. */
export async function createTlsContexts(tls: TlsOptions): Promise<TlsContexts> {
  const asksSome = Boolean(tls.clientCa) || (tls.domains ?? []).some(({ clientCa }) => clientCa !== null)
  const asksByName = (tls.domains ?? []).some(({ clientCa }) => clientCa !== null)
  let texts = await readTlsFiles(tls)
  let { named, others } = contextsOf(texts)

  function contextsOf(read: TlsTexts) {
    const others: NamedTls = {
      ...{ name: '', context: createSecureContext(secureOptions(read, read.ca)) },
      ...{ asks: read.ca !== null, isRequired: read.ca !== null },
    }
    const named = new Map<string, NamedTls>()
    for (const { domainName: name, isRequired } of tls.domains ?? []) {
      const { own, ca } = read.domains.get(name) ?? { own: null, ca: null }
      const context = createSecureContext(secureOptions(own ?? read, ca))
      named.set(name, { name, context, asks: ca !== null, isRequired: ca !== null && isRequired })
    }
    return { named, others }
  }

  function secureOptions({ cert, key, passphrase }: CertificateTexts, ca: string | null): SecureContextOptions {
    return {
      ...{ cert, key, minVersion: 'TLSv1.2' },
      ...(passphrase !== null && { passphrase }),
      ...(ca !== null && { ca }),
      // A session that was begun under one name could go on under another whose authorities never saw the certificate.
      ...(asksByName && { secureOptions: constants.SSL_OP_NO_TICKET }),
    }
  }

  /** The TLS of a name as clients write it. */
  function of(name: string): NamedTls {
    return named.get(name.toLowerCase().replace(/\.$/, '')) ?? others
  }

  /** Chooses the certificate of a name; `this` is the socket, as node:tls calls it. */
  function chooseContext(
    this: unknown,
    name: string,
    done: (error: Error | null, context?: SecureContext) => void,
  ): void {
    const chosen = of(name)
    // Browsers would ask their users for a certificate that nobody wants. Asked or not, none is believed there.
    if (asksSome && !chosen.asks) stopAsking(this)
    done(null, chosen.context)
  }

  return {
    serverOptions: {
      ...secureOptions(texts, texts.ca),
      ...(asksSome && { requestCert: true, rejectUnauthorized: !asksByName }),
      ...((tls.domains ?? []).length > 0 && { SNICallback: chooseContext }),
    },
    guard(server) {
      // A proxy has no certificate of its client to show.
      if (!asksByName || tls.proxiesTell) return
      server.prependListener('secureConnection', (tcp: TLSSocket) => {
        if (of(tcp.servername || '').isRequired && !hasShown(tcp)) tcp.destroy()
      })
    },
    async reload(server) {
      const fresh = await readTlsFiles(tls)
      if (textOf(fresh) === textOf(texts)) return false
      const contexts = contextsOf(fresh)
      server.setSecureContext(secureOptions(fresh, fresh.ca))
      texts = fresh
      named = contexts.named
      others = contexts.others
      return true
    },
    clientCertificate(tcp, host) {
      const { asks, name } = of(tcp.servername || '')
      if (!asks || of(hostOf(host) ?? '').name !== name || !hasShown(tcp)) return null
      return tcp.getPeerX509Certificate?.()?.toString() ?? null
    },
  }
}

/** Whether a client has shown a certificate for which an authority of its name vouches. */
function hasShown(tcp: Partial<TLSSocket>): boolean {
  return tcp.authorized === true && tcp.getPeerX509Certificate?.() !== undefined
}

/** Has a handshake under way ask for no certificate; node:tls has a call for it on the native part of a socket only. */
function stopAsking(socket: unknown): void {
  const native = (socket as { _handle?: { setVerifyMode?: (asks: boolean, rejects: boolean) => void } | null })._handle
  native?.setVerifyMode?.(false, false)
}

function textOf({ domains, ...own }: TlsTexts): string {
  return JSON.stringify([own, ...domains])
}
