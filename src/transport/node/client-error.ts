import type { Socket } from 'node:net'
import { endGently } from './end-gently.ts'

const statuses: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Payload Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
}

/** Answers what Node's parser could not read, and ends its connection. */
export function refuseClient(error: NodeJS.ErrnoException, socket: Socket): void {
  // An answer that is on its way would be taken for longer than it is.
  if (!isParserFault(error) || !socket.writable || socket.writableLength > 0) socket.destroy()
  else endGently(socket, answerOf(statuses[error.code ?? ''] ?? '400 Bad Request'))
}

/** Whether an error is about what the client wrote, and not about the connection or its TLS. */
function isParserFault({ code = '' }: NodeJS.ErrnoException): boolean {
  return code.startsWith('HPE_') || code === 'ERR_HTTP_REQUEST_TIMEOUT'
}

/** The whole answer with a status. */
function answerOf(status: string): string {
  const body = JSON.stringify({ message: status.slice(4) })
  const headers = `Content-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close`
  return `HTTP/1.1 ${status}\r\n${headers}\r\n\r\n${body}`
}
