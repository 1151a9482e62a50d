import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { request as httpsRequest } from 'node:https'

export interface HttpAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/**
 * Sends one request with exactly this path and these headers, which fetch would tidy up; certificates are not checked.
 */
export function httpCall(
  method: string,
  origin: string,
  path: string,
  options: { headers?: Record<string, string>; body?: Uint8Array | string } = {},
): Promise<HttpAnswer> {
  const { protocol, hostname, port } = new URL(origin)
  const send = protocol === 'https:' ? httpsRequest : httpRequest
  const target = { method, hostname, port, path, headers: options.headers ?? {}, agent: false }
  return new Promise((resolve, reject) => {
    const outgoing = send({ ...target, rejectUnauthorized: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const { statusCode = 0, headers } = response
        resolve({ status: statusCode, headers, body: Buffer.concat(chunks).toString() })
      })
    })
    outgoing.on('error', reject)
    outgoing.end(options.body)
  })
}
