import * as ws from 'ws'

/** The permessage-deflate of one connection, as ws has it. */
export interface Deflate {
  /** The parameters that are agreed on. */
  readonly params: { readonly server_max_window_bits?: number }
  /** Chooses among offers. */
  accept(offers: unknown): object
}

interface Native {
  readonly PerMessageDeflate: new (options: object) => Deflate
  readonly extension: {
    parse(header: string): Record<string, unknown>
    format(extensions: Record<string, readonly object[]>): string
  }
}

/** The members of ws that its types leave out. */
const { PerMessageDeflate, extension } = ws as unknown as Native

/** The name of the extension, by which ws keeps it, too. */
export const deflateName = 'permessage-deflate'

/** Makes the compression of a connection that agrees on an offer. */
export function createDeflate(agreed: string, maxMessageBytes: number): Deflate {
  const deflate = new PerMessageDeflate({
    isServer: true,
    maxPayload: maxMessageBytes,
    // Nothing is kept of a message for the next: half a megabyte less for each connection.
    serverNoContextTakeover: true,
    clientNoContextTakeover: true,
  })
  deflate.accept(extension.parse(agreed)[deflateName])
  return deflate
}

/** The value of Sec-WebSocket-Extensions that says what is agreed on. */
export function deflateHeader({ params }: Deflate): string {
  return extension.format({ [deflateName]: [params] })
}

/** Bits of the window for what the server sends (RFC 7692 §7.1.2.1). */
export function windowBitsOf({ params }: Deflate): number {
  return params.server_max_window_bits ?? 15
}
