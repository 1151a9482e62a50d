/** What a client process is asked to do. */
export interface LoadOptions {
  readonly kind: 'message' | 'post' | 'autocannon' | 'accept' | 'idle'
  readonly port: number
  /** Where posts go; `port` when left out. */
  readonly postPort?: number
  /** How many HTTP connections post; one for each WebSocket when left out. */
  readonly posters?: number
  /** How many connections this process holds, or opens at a time. */
  readonly connections: number
  /** How many messages or requests of one connection are under way at a time. */
  readonly inFlight: number
  /** The path of handshakes, with the stage. */
  readonly path: string
  /** The message that is sent, where the kind sends one. */
  readonly message: string
  /** Payload length of the reply that every message must get; 0 when any will do. */
  readonly replyBytes: number
}

/** What happened so far. */
export interface LoadResult {
  readonly operations: number
  /** Replies of another length than asked for, statuses other than 200, connections lost. */
  readonly errors: number
  readonly latencies: [micros: number, count: number][]
}

/** One kind of load in a client process. */
export interface Load {
  /** Resolves when everything is connected; nothing is sent yet. */
  open(): Promise<void>
  resume(): void
  /** Stops to send and resolves when nothing is under way any more. */
  pause(): Promise<void>
}
