import type { ErrorCode } from '../vocabulary/errors.ts'
import type { SendOutcome } from '../vocabulary/frames.ts'
import type { HeaderList, OwnHeaders } from '../vocabulary/headers.ts'
import type { SharedFrame } from '../vocabulary/shared-frame.ts'

/**
 * A request as the server underneath promises it. Two servers keep this contract, and nothing outside of this room
 * knows which one it is; where they differ, `abilities.ts` says so.
 *
 * Every member of a request is only valid inside the synchronous part of the handler that received it, unless it says
 * otherwise: copy, then await.
 */
export interface TransportRequest {
  /** The method in upper case. */
  readonly method: string
  /** The path as on the wire: not decoded, without the query. */
  readonly path: string
  /** The query as on the wire: not decoded, without the question mark; empty when there is none. */
  readonly query: string
  /** The value of a header by its lower-case name; empty when it is absent. With repeated headers, the first. */
  header(lowerCaseName: string): string
  /**
   * All headers in their order, names in the client's spelling where the server underneath tells it, else in the usual
   * one. The list is a copy that may be kept.
   */
  headers(): HeaderList
  /** The peer's address as text, IPv4-mapped addresses as plain IPv4; from a PROXY protocol header when that is trusted. */
  remoteAddress(): string
  /**
   * The certificate that the client has shown, in PEM, when an authority vouches for it that the domain of the Host header
   * trusts and the client has named that domain in its TLS handshake too. Null for none, or where clients are not asked.
   */
  clientCertificate(): string | null
}

/** An accepted WebSocket. Safe to hold for ever and to call at any time: after its end every call does nothing. */
export interface Socket {
  /**
   * Writes one whole message or nothing. `full` when more bytes wait for the client than the limit allows.
   * Bytes of a text frame must be valid UTF-8. Never throws.
   */
  send(data: string | Uint8Array, binary: boolean): SendOutcome
  /**
   * The same for a message that many sockets get. It may be written at the end of the turn, together with others, but
   * before whatever is sent to this socket after it, its close frame included.
   */
  sendShared(frame: SharedFrame): SendOutcome
  /** Sends a close frame (the reason is cut to 123 bytes of UTF-8); `handlers.close` runs before it returns. */
  end(code: number, reason: string): void
  /** Drops the TCP connection without a close frame; `handlers.close` runs with 1006. */
  terminate(): void
  /** Bytes that wait for the client. */
  bufferedBytes(): number
  /** Whether something that was written before this turn waits for a client that reads too slowly. */
  isWaiting(): boolean
  /** Has `handlers.drained` called once, when nothing waits any more: for a socket that is waiting. */
  awaitDrain(): void
}

/** The terms of a connection. */
export interface AcceptOptions {
  /** The subprotocol, which is echoed as it is; null for none. */
  readonly protocol: string | null
  /** Whether permessage-deflate may be agreed on. */
  readonly compression: boolean
  /** Bytes that a single frame of the client may have, where the server underneath can tell; absent or 0 for no limit. */
  readonly maxFrameBytes?: number
}

/** A well-formed RFC 6455 handshake that waits for an answer; exactly one of accept and refuse may be called. */
export interface Upgrade<Data> {
  readonly request: TransportRequest
  /** Whether the client has gone: accept and refuse then do nothing. */
  readonly aborted: boolean
  /** Has the listener called, at most once, when the client goes before the answer. */
  onAborted(listener: () => void): void
  /** Answers 101 and gives the socket; null when the client has gone meanwhile. */
  accept(data: Data, options: AcceptOptions): Socket | null
  /** Answers with a plain HTTP response. Headers that may not be written are left out. */
  refuse(status: number, headers: HeaderList, body: string | Uint8Array | null): void
}

/** A plain HTTP request and the answer to it. */
export interface HttpExchange {
  readonly request: TransportRequest
  readonly aborted: boolean
  /**
   * Reads the whole body. Must be called in the synchronous part. `done` gets null when the body is larger than `limit`
   * bytes; never called after an abort.
   */
  readBody(limit: number, done: (body: Buffer | null) => void): void
  onAborted(listener: () => void): void
  /**
   * Answers the request. Headers that may not be written are left out, but for the gateway's own, which are not looked
   * at. HEAD and bodiless statuses are framed as RFC 9110 asks.
   */
  respond(status: number, headers: HeaderList | OwnHeaders, body: string | Uint8Array | null): void
}

/** A request whose body may be read, and whose answer may be written, piece by piece. */
export interface StreamedExchange extends HttpExchange {
  /**
   * Reads a body of any size piece by piece; in the synchronous part. `take` gets pieces that are only valid until it
   * returns, and whether each is the last; it is never called after an abort, or when the request was answered in full.
   */
  readPieces(take: (piece: Buffer, isLast: boolean) => void): BodyFlow
  /** Begins an answer that is written piece by piece; null when there is an answer already, or nobody to answer. */
  begin(status: number, headers: OwnHeaders): AnswerBody | null
}

/** The body of a request that is read piece by piece, which may be held up while there is enough to do. */
export interface BodyFlow {
  /** Has no more of the body come than is on its way already. Safe to call twice, and after the end. */
  pause(): void
  resume(): void
}

/** The body of an answer that is written piece by piece. Safe to hold and to call after the client has gone. */
export interface AnswerBody {
  /** Writes a piece, all of it; false when much waits for the client: the next one should wait for `onDrained`. */
  write(text: string): boolean
  /** Has the listener called whenever the client has taken what waited, behind a `write` that gave false. */
  onDrained(listener: () => void): void
  end(): void
  /** Drops the TCP connection: who asked has an answer that does not end. */
  drop(): void
}

export interface TransportHandlers<Data> {
  upgrade(upgrade: Upgrade<Data>): void
  /**
   * Called for whole messages; fragments are put together before. `message` is only valid until the handler returns.
   */
  message(data: Data, message: Buffer, isBinary: boolean): void
  /**
   * Called when a ping has come from the client; it is answered already. Pongs answer our own pings and are not told.
   */
  pinged(data: Data): void
  /** Called when a socket has drained that was asked to say so. */
  drained?(data: Data): void
  /**
   * Called exactly once for every accepted socket, whoever ended it. `reason` is as the client, or `end`, gave it;
   * empty otherwise. With the cause `protocol`, `code` is what the client was told: 1002, 1007, 1008 or 1009, or 1006
   * where the server underneath drops it without a close frame.
   */
  close(data: Data, code: number, reason: string, cause: CloseCause): void
  request(exchange: StreamedExchange): void
  /**
   * Called for a request that the transport refuses by itself, with its answer's code and the reason, before it is
   * answered. The request is only valid until the handler returns.
   */
  refused?(request: TransportRequest, code: ErrorCode, detail: string): void
}

/** The side that ended a socket, as far as the server underneath can tell. */
export type CloseCause = 'client' | 'server' | 'lost' | 'unresponsive' | 'protocol'

/** Paths of PEM files: a certificate with its chain, and its key. */
export interface CertificateFiles {
  readonly certificate: string
  readonly key: string
  readonly passphrase: string | null
}

/** The files of TLS, of which the certificate is that of all names without one of their own. */
export interface TlsOptions extends CertificateFiles {
  /**
   * Path of the authorities of client certificates; with it, only clients that show one of theirs are let in. Absent or
   * null where nobody is asked.
   */
  readonly clientCa?: string | null
  /** The domains with files of their own; absent for none. */
  readonly domains?: readonly DomainTls[]
  /**
   * Whether trusted proxies tell of client certificates in a header, so that whoever comes without one to a domain that
   * requires it is let as far as a request; absent for no.
   */
  readonly proxiesTell?: boolean
}

/** TLS as clients meet it who name a domain (SNI, RFC 6066 §3). */
export interface DomainTls {
  /** The name in lower case. */
  readonly domainName: string
  /** The certificate; null for that of all other names. */
  readonly certificate: CertificateFiles | null
  /** Path of the authorities of client certificates; null where nobody is asked for one. */
  readonly clientCa: string | null
  /** Whether only clients with a certificate are let in, where they are asked for one. */
  readonly isRequired: boolean
}

export interface TransportOptions {
  host: string
  /** The port to listen on; 0 for a free one, which is never shared, whatever `exclusivePort` says. */
  port: number
  /** The files of TLS; null for plain TCP. */
  tls: TlsOptions | null
  /** Whether a port that another process listens on is refused; false when several workers share one. */
  exclusivePort: boolean
  /**
   * Size of the largest message that reaches `handlers.message`; a larger one ends the connection, with the cause
   * `protocol`.
   */
  maxMessageBytes: number
  /** Bytes that may wait for the client before `send` says `full`. */
  maxBufferedBytes: number
  /** The sum of the bytes that wait for all clients, which is kept up to date here; absent where nobody reads it. */
  waiting?: { total: number }
  /** Seconds of silence after which the peer is pinged, and dropped when no pong comes; 0 for never. */
  pingIntervalInSeconds: number
  /** Whether `accept` may agree on permessage-deflate. */
  compression: boolean
  /**
   * Says of a peer whether the PROXY protocol header is believed with which it may begin a connection; absent for nobody.
   * Anybody could send one and choose his address.
   */
  proxyProtocol?: ((peer: string) => boolean) | null
  /** Asked for each TCP connection that has been accepted: false closes it before anything is read. Left out, all stay. */
  takesSocket?: () => boolean
}

export interface Transport {
  /** Resolves with the port that is listened on. Rejects with one sentence that names host, port and the remedy. */
  listen(): Promise<number>
  /**
   * Has every further HTTP answer say `Connection: close` and end its TCP connection, so that callers who keep theirs
   * open come back elsewhere. New connections are still taken. Safe to call twice.
   */
  sendAway(): void
  /**
   * Resolves when no request that came since `sendAway` waits for its answer and none has come for half a second, or
   * when so many milliseconds have passed.
   */
  answered(timeoutInMillis: number): Promise<void>
  /**
   * Reads the files of TLS anew; connections that come from then on meet them, open ones stay. Gives whether they have
   * changed. Rejects with one sentence that names a faulty file; what was in force stays so.
   */
  reloadTls(): Promise<boolean>
  /** Takes no new TCP connections; open ones stay, and callers are sent away. */
  stopListening(): void
  /** Stops listening and drops whatever is still open. Safe to call twice and after a failed start. */
  close(): void
}

export type CreateTransport = <Data>(options: TransportOptions, handlers: TransportHandlers<Data>) => Transport
