import type { TransportRequest } from '../transport/contract.ts'

/** Whether a POST asks for a binary frame. SDKs send every body as `application/octet-stream`, so that the query must ask too. */
export function asksForBinary(request: TransportRequest): boolean {
  if (request.query === '' || new URLSearchParams(request.query).get('frame') !== 'binary') return false
  const [mediaType] = request.header('content-type').split(';', 1)
  return mediaType?.trim().toLowerCase() === 'application/octet-stream'
}
