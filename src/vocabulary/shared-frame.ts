import type { Frame } from './frames.ts'

/** One message for many connections. Its bytes are nobody else's, so that it may wait. */
export class SharedFrame implements Frame {
  readonly data: Uint8Array
  readonly binary: boolean
  readonly coalesce: string | null
  /** The frame as a transport sends it, made once for all sockets; by a number of the transport's own. */
  readonly encoded: Buffer[] = []

  /** Copies the data. */
  constructor({ data, binary, coalesce: own = null }: Frame, coalesce = own) {
    this.data = Buffer.from(data as Uint8Array)
    this.binary = binary
    this.coalesce = coalesce
  }
}
