import { type HeaderList, isSafeHeader } from '../vocabulary/headers.ts'

/** Headers for one connection only (RFC 9110 §7.6.1), or written anew for the client. */
const ownHeaders = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'proxy-authenticate',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** A backend's whole answer. Most are never asked for their headers, so those stay bytes until then. */
export class BackendResponse {
  readonly status: number
  readonly body: string | Uint8Array
  readonly #raw: readonly Buffer[]
  #headers: HeaderList | null = null

  constructor(status: number, raw: readonly Buffer[], body: string | Uint8Array) {
    this.status = status
    this.#raw = raw
    this.body = body
  }

  /** The status as text, which integration responses of HTTP are selected by. */
  get selectionValue(): string {
    return String(this.status)
  }

  /** The headers without those that belong to the backend's connection or may not be written to another. */
  get headers(): HeaderList {
    this.#headers ??= readHeaders(this.#raw)
    return this.#headers
  }
}

function readHeaders(raw: readonly Buffer[]): HeaderList {
  const headers: [string, string][] = []
  const named = new Set<string>()
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = (raw[i] as Buffer).toString('latin1')
    const value = (raw[i + 1] as Buffer).toString('utf8')
    const lowerCase = name.toLowerCase()
    if (lowerCase === 'connection') for (const each of value.split(',')) named.add(each.trim().toLowerCase())
    if (!ownHeaders.has(lowerCase) && isSafeHeader(name, value)) headers.push([name, value])
  }
  return named.size === 0 ? headers : headers.filter(([name]) => !named.has(name.toLowerCase()))
}
