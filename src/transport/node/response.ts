import { type ServerResponse, STATUS_CODES } from 'node:http'
import type { HeaderList, OwnHeaders } from '../../vocabulary/headers.ts'
import { declaredLength, isSafeValue, isWritableName, type ResponseForm } from '../response-headers.ts'

/**
 * Writes a whole response. Headers that are not ours to write, or not safe to, are left out; node:http adds Date, and
 * what belongs to keeping the connection.
 */
export function writeResponse(
  response: ServerResponse,
  form: ResponseForm,
  status: number,
  headers: HeaderList | OwnHeaders,
  body: string | Uint8Array | null,
): void {
  const lines: string[] = []
  const isAscii = addHeaders(lines, headers)
  // RFC 9110 §15.5.22: a 426 says what to upgrade to, though the header belongs to one hop.
  if (status === 426) lines.push('Upgrade', 'websocket')
  const isBodiless = form.method === 'HEAD' || status === 204 || status === 304
  const length = isBodiless ? bodilessLength(status, headers, body) : lengthOf(body)
  if (length !== null) lines.push('Content-Length', length)
  if (form.close) lines.push('Connection', 'close')
  response.writeHead(status, STATUS_CODES[status] ?? '', lines)
  if (isBodiless || body === null || body.length === 0) response.end()
  // With a text, node:http would write the headers as UTF-8, which they are already.
  else response.end(isAscii || typeof body !== 'string' ? body : Buffer.from(body))
}

/** Writes the head of a response whose body follows piece by piece. */
export function writeHead(response: ServerResponse, status: number, headers: OwnHeaders, close: boolean): void {
  const lines: string[] = []
  addHeaders(lines, headers)
  if (close) lines.push('Connection', 'close')
  response.writeHead(status, STATUS_CODES[status] ?? '', lines)
}

/** Adds names and values in turn as node:http writes them, as Latin-1; tells whether all are ASCII. */
function addHeaders(lines: string[], headers: HeaderList | OwnHeaders): boolean {
  return 'own' in headers ? addOwn(lines, headers.own) : addForeign(lines, headers)
}

/** Adds the gateway's own: constants and ids, whose values are not looked at. */
function addOwn(lines: string[], headers: HeaderList): boolean {
  for (let i = 0; i < headers.length; i++) {
    const header = headers[i] as HeaderList[number]
    if (mayWrite(header[0], i)) lines.push(header[0], header[1])
  }
  return true
}

function addForeign(lines: string[], headers: HeaderList): boolean {
  let isAscii = true
  for (const [name, value] of headers) {
    if (!isWritableName(name) || !isSafeValue(value)) continue
    const wired = toWire(value)
    if (wired !== value) isAscii = false
    lines.push(name, wired)
  }
  return isAscii
}

/** A header's value with each byte of its UTF-8 as a character, which is how node:http writes Latin-1. */
function toWire(value: string): string {
  for (let i = 0; i < value.length; i++) {
    if (value.charCodeAt(i) > 0x7e) return Buffer.from(value).toString('latin1')
  }
  return value
}

/** HEAD and 304 carry the length that a GET would have, 204 carries none (RFC 9110 §8.6). */
function bodilessLength(
  status: number,
  headers: HeaderList | OwnHeaders,
  body: string | Uint8Array | null,
): string | null {
  if (status === 204) return null
  return body === null ? declaredLength(headers) : lengthOf(body)
}

function lengthOf(body: string | Uint8Array | null): string {
  return body === null ? '0' : String(Buffer.byteLength(body))
}

// Answers of one kind have the same names in the same places: comparing with the last costs less than checking.
const places = 16
const lastNames = Array.from({ length: places }, () => '')
const lastAnswers = Array.from({ length: places }, () => false)

function mayWrite(name: string, place: number): boolean {
  const slot = place % places
  if (lastNames[slot] === name) return lastAnswers[slot] as boolean
  lastNames[slot] = name
  lastAnswers[slot] = isWritableName(name)
  return lastAnswers[slot] as boolean
}
