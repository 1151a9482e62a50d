import type { HttpResponse } from 'uWebSockets.js'
import { STATUS_CODES } from 'node:http'
import type { HeaderList, OwnHeaders } from '../../vocabulary/headers.ts'
import { declaredLength, isSafeValue, isWritableName, listOf, type ResponseForm } from '../response-headers.ts'

/**
 * Writes a whole response; the caller holds the cork and has checked that the response is still there. Headers that
 * are not ours to write, or not safe to, are left out.
 */
export function writeResponse(
  response: HttpResponse,
  form: ResponseForm,
  status: number,
  headers: HeaderList | OwnHeaders,
  body: string | Uint8Array | null,
): void {
  // One call instead of one per header: a call into the native code costs more than joining the strings, about
  // 0.1 µs each (load/bench/micro/response-headers.ts). No name and no value has a CR or LF in it.
  response.writeStatus(responseHead(status, headers))
  if (form.method === 'HEAD' || status === 204 || status === 304) endWithoutBody(response, form, status, headers, body)
  else if (form.close) response.end(body ?? '', true)
  // An empty text is handed over like any other, which costs more than leaving it out.
  else if (body === null || body === '') response.end()
  else response.end(body)
}

/** Writes the head of a response whose body follows piece by piece; the caller holds the cork. */
export function writeHead(response: HttpResponse, status: number, headers: OwnHeaders, close: boolean): void {
  response.writeStatus(responseHead(status, headers))
  if (close) response.writeHeader('Connection', 'close')
}

/**
 * Ends a response that has no body. HEAD and 304 carry the length that a GET would have, 204 carries none (RFC 9110
 * §8.6). uWebSockets.js must not write that length: `endWithoutBody(n)` waits for n bytes and the connection answers
 * nothing more (its issue 1855).
 */
function endWithoutBody(
  response: HttpResponse,
  form: ResponseForm,
  status: number,
  headers: HeaderList | OwnHeaders,
  body: string | Uint8Array | null,
): void {
  const length = status === 204 ? null : body === null ? declaredLength(headers) : String(Buffer.byteLength(body))
  if (length !== null) response.writeHeader('Content-Length', length)
  // The close flag comes after the length, which must not be given; the client reads the header and hangs up.
  if (form.close) response.writeHeader('Connection', 'close')
  response.endWithoutBody()
}

function responseHead(status: number, headers: HeaderList | OwnHeaders): string {
  let head = statusLines[status] ?? `${status} `
  const isOwn = 'own' in headers
  const list = listOf(headers)
  for (let i = 0; i < list.length; i++) {
    const [name, value] = list[i] as readonly [string, string]
    const start = lineStart(name, i)
    // Looking at every character of four ids costs 0.3 µs, a tenth of what the gateway adds to a POST @connections.
    if (start !== '' && (isOwn || isSafeValue(value))) head += start + value
  }
  return head
}

const statusLines: readonly (string | undefined)[] = Array.from({ length: 600 }, (_, status) => {
  const text = STATUS_CODES[status]
  // RFC 9110 §15.5.22: a 426 says what to upgrade to, though the header belongs to one hop.
  return text && `${status} ${text}${status === 426 ? '\r\nUpgrade: websocket' : ''}`
})

// Answers of one kind have the same names in the same places, so that each place remembers its last name: comparing
// it costs nothing, and checking a name or looking it up in a Map is most of what writing a header costs.
const places = 16
const lastNames = Array.from({ length: places }, () => '')
const lastStarts = Array.from({ length: places }, () => '')

/**
 * The beginning of a header's line, `\r
 * Name: `; empty when the name is not to be written.
 */
function lineStart(name: string, place: number): string {
  const slot = place % places
  if (lastNames[slot] === name) return lastStarts[slot] as string
  const start = isWritableName(name) ? `\r\n${name}: ` : ''
  lastNames[slot] = name
  lastStarts[slot] = start
  return start
}
