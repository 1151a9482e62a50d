import type { HttpExchange, TransportRequest } from '../transport/contract.ts'

/** Copies a request, which else ends with the synchronous part of its handler. */
export function copyRequest(request: TransportRequest): TransportRequest {
  const headers = request.headers()
  const address = request.remoteAddress()
  const certificate = request.clientCertificate()
  return {
    ...{ method: request.method, path: request.path, query: request.query },
    header: (lowerCaseName) => headers.find(([name]) => name.toLowerCase() === lowerCaseName)?.[1] ?? '',
    headers: () => headers,
    remoteAddress: () => address,
    clientCertificate: () => certificate,
  }
}

/** An exchange whose body was read already, null when it was too large; whoever reads it then has it at once. */
export function holdExchange(exchange: HttpExchange, request: TransportRequest, body: Buffer | null): HttpExchange {
  return {
    request,
    get aborted() {
      return exchange.aborted
    },
    readBody: (limit, done) => done(body === null || body.length > limit ? null : body),
    onAborted: (listener) => exchange.onAborted(listener),
    respond: (status, headers, text) => exchange.respond(status, headers, text),
  }
}
