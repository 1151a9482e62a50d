import type { IncomingMessage } from 'node:http'
import type { Interface } from 'node:readline'
import { hideSecrets } from 'postern-documents/hide-secrets'
import type { Output } from 'postern-documents/output'
import WebSocket from 'ws'
import type { Io } from './io.ts'

export interface TalkOptions {
  /** URL of the WebSocket, `ws://` or `wss://`. */
  readonly url: string
  /** Headers of the handshake. */
  readonly headers: Readonly<Record<string, string | string[]>>
  /** PEM of the authorities that are trusted in place of those that Node.js knows; null for these. */
  readonly ca?: Buffer | null
  /** Whether any certificate will do. */
  readonly insecure?: boolean
  readonly subprotocols: readonly string[]
  /** Milliseconds to stay once the input has ended. */
  readonly waitInMillis: number
}

/** Characters of a refusal's body that are shown at most. */
const longestBody = 65_536
/** Bytes of a frame that are taken at most; one from a gateway has up to 128 KB. */
const maxPayload = 1_048_576
/** The codes with which Node.js refuses a certificate. */
const certificateFault = /CERT|SIGNATURE|ERR_TLS_CERT_ALTNAME_INVALID/
const eraseLine = '\r\u001b[K'

/**
 * Talks to a WebSocket by hand: each line of the input is sent as a text frame, each frame is printed. Resolves with
 * the exit status: 0 when the connection ended with a close frame, 1 when it was refused or lost.
 */
export async function talk(
  options: TalkOptions,
  io: Pick<Io, 'stdout' | 'stderr' | 'interactive' | 'readLines'>,
): Promise<number> {
  const { url, headers, subprotocols, waitInMillis, ca = null, insecure = false } = options
  let socket: WebSocket
  try {
    const tls = { rejectUnauthorized: !insecure, ...(ca !== null && { ca }) }
    socket = new WebSocket(url, [...subprotocols], { headers, ...tls, maxPayload, perMessageDeflate: false })
  } catch (error) {
    notice(describe(error as Error))
    return 1
  }
  let lines: Interface | null = null
  let leaving: NodeJS.Timeout | null = null
  let over = false

  return new Promise((resolve) => {
    socket.on('open', () => {
      notice(`connected to ${hideSecrets(url)}${socket.protocol === '' ? '' : ` (subprotocol ${socket.protocol})`}`)
      lines = io.readLines()
      lines.on('SIGINT', () => lines?.close())
      void sendLines(lines).then(leave)
    })
    socket.on('message', (data: Buffer, isBinary) => {
      print(io.stdout, `< ${isBinary ? `(binary) ${data.toString('base64')}` : escapeControls(data.toString())}`)
      // Whoever pipes lines in waits for the answers: each one buys time for the next.
      leaving?.refresh()
    })
    socket.on('unexpected-response', (_request, response) => {
      void refusal(response).then((text) => end(1, `refused: ${text}`))
    })
    socket.on('error', (error) => end(1, describe(error)))
    socket.on('close', (code, reason) => {
      end(code === 1006 ? 1 : 0, `closed: ${code} ${escapeControls(reason.toString())}`.trimEnd())
    })

    function leave(): void {
      if (over) return
      leaving = setTimeout(() => socket.close(1000), io.interactive ? 0 : waitInMillis)
    }

    function end(status: number, text: string): void {
      if (over) return
      over = true
      if (leaving !== null) clearTimeout(leaving)
      lines?.close()
      lines = null
      notice(text)
      socket.terminate()
      resolve(status)
    }
  })

  async function sendLines(source: Interface): Promise<void> {
    source.prompt()
    for await (const line of source) {
      if (socket.readyState !== WebSocket.OPEN) return
      // One at a time: a large file must not pile up in memory.
      await new Promise<void>((sent) => socket.send(line, () => sent()))
      source.prompt()
    }
  }

  function notice(text: string): void {
    print(io.stderr, text)
  }

  /** Prints above the line that is being typed, which is then shown again. */
  function print(output: Output, text: string): void {
    output.write(`${io.interactive ? eraseLine : ''}${text}\n`)
    if (io.interactive) lines?.prompt(true)
  }
}

/** Escapes what would steer the terminal in a text of the server. */
function escapeControls(text: string): string {
  return text.replace(/\p{Cc}/gu, (character) =>
    character === '\n' || character === '\t'
      ? character
      : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

async function refusal(response: IncomingMessage): Promise<string> {
  let body = ''
  try {
    for await (const chunk of response.setEncoding('utf8')) {
      body += chunk
      if (body.length > longestBody) break
    }
  } catch {
    // Half a body says more than none.
  }
  const status = `${response.statusCode} ${response.statusMessage}`
  return body === '' ? status : `${status}: ${escapeControls(body.slice(0, longestBody))}`
}

/**
 * The message of an error. Names that resolve to several addresses fail with one error for each, and a message for
 * none.
 */
function describe(error: Error): string {
  const first = error instanceof AggregateError ? (error.errors[0] as Error) : error
  const isCertificate = certificateFault.test((first as NodeJS.ErrnoException).code ?? '')
  const remedy = isCertificate ? ' (--ca names its authority, --insecure takes it as it is)' : ''
  return `failed: ${hideSecrets(first.message)}${remedy}`
}
