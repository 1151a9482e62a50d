import { readFile } from 'node:fs/promises'
import { createServer, type Server as HttpServer, type ServerOptions } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { TransportOptions } from '../contract.ts'
import { checkTlsFiles, readClientAuthorities } from '../tls-files.ts'
import { ReceivedMessage } from './received-message.ts'

/** Bytes that request line and headers may have together; AWS allows 10,240 bytes of headers. */
export const maxHeadersBytes = 16_384
/** Headers that a request may have; uWebSockets.js takes as many. */
export const maxHeaders = 100
/** Milliseconds for a whole request, for its head, and for the next one on a connection that is kept. */
const requestInMillis = 10_000

const httpOptions: ServerOptions<typeof ReceivedMessage> = {
  IncomingMessage: ReceivedMessage,
  maxHeaderSize: maxHeadersBytes,
  insecureHTTPParser: false,
  // We look ourselves, and answer with a body.
  requireHostHeader: false,
  headersTimeout: requestInMillis,
  requestTimeout: requestInMillis,
  keepAliveTimeout: requestInMillis,
  connectionsCheckingInterval: 1000,
}

/** A server whose requests are `ReceivedMessage`s. */
export type Server = HttpServer<typeof ReceivedMessage>

/** Creates the server of node:http, or of node:https; rejects with one sentence that names a faulty file. */
export async function createHttpServer(tls: TransportOptions['tls']): Promise<Server> {
  const server = tls === null ? createServer(httpOptions) : await createHttpsServer(tls)
  // One more than is allowed, so that it shows; Node leaves out the rest.
  server.maxHeadersCount = maxHeaders + 1
  server.setMaxListeners(0)
  return server
}

async function createHttpsServer(tls: NonNullable<TransportOptions['tls']>): Promise<Server> {
  await checkTlsFiles(tls)
  const clientCa = tls.clientCa ?? null
  const [cert, key, ca] = await Promise.all([
    readFile(tls.certificate),
    readFile(tls.key),
    clientCa === null ? undefined : readClientAuthorities(clientCa),
  ])
  return createTlsServer({
    ...httpOptions,
    ...{ cert, key, minVersion: 'TLSv1.2', handshakeTimeout: requestInMillis },
    ...(tls.passphrase !== null && { passphrase: tls.passphrase }),
    ...(ca !== undefined && { ca, requestCert: true, rejectUnauthorized: true }),
  })
}
