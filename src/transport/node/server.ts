import { createServer, type Server as HttpServer, type ServerOptions } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { ReceivedMessage } from './received-message.ts'
import type { TlsContexts } from './tls-contexts.ts'

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

/** Creates the server of node:http, or of node:https. */
export function createHttpServer(tls: TlsContexts | null): Server {
  const server = tls === null ? createServer(httpOptions) : createHttpsServer(tls)
  // One more than is allowed, so that it shows; Node leaves out the rest.
  server.maxHeadersCount = maxHeaders + 1
  server.setMaxListeners(0)
  return server
}

function createHttpsServer(tls: TlsContexts): Server {
  const server = createTlsServer({ ...httpOptions, ...tls.serverOptions, handshakeTimeout: requestInMillis })
  tls.guard(server)
  return server
}
