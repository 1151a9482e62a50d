/** The work that a client process is asked to do. */
export interface LoadOptions {
  readonly kind:
    | 'message'
    | 'post'
    | 'autocannon'
    | 'accept'
    | 'idle'
    | 'push'
    | 'fan-out'
    | 'batch'
    | 'publish'
    | 'join'
    | 'request'
  readonly port: number
  /** The ports among which WebSockets are spread; `port` for all when left out. */
  readonly ports?: readonly number[]
  /** The port that posts go to; `port` when left out. */
  readonly postPort?: number
  /** The number of HTTP connections that post; one for each WebSocket when left out. */
  readonly posters?: number
  /** The number of connections that this process holds, or opens at a time. */
  readonly connections: number
  /** The number of messages or requests of one connection that are under way at a time; for `idle`, of those opened. */
  readonly inFlight: number
  /** The path of handshakes, with the stage; `{number}` in it becomes another one for each WebSocket. */
  readonly path: string
  /** The message that is sent, where the kind sends one. */
  readonly message: string
  /** Payload length of the reply that every message must get; 0 when any will do. */
  readonly replyBytes: number
  /** The protocol inside of WebSocket messages; nothing in particular when left out. */
  readonly dialect?: 'socket.io'
  /** A first message whose reply, `{"connectionId":"…"}`, tells a WebSocket by what address it is posted to. */
  readonly whoami?: string
  /** The access key that posts are signed with, once for each WebSocket; none when left out. */
  readonly accessKey?: { readonly accessKeyId: string; readonly secretAccessKey: string }
  /** The body that is posted, where the kind needs to be told. */
  readonly request?: RequestTemplate
  /**
   * The groups that messages are for, of so many members where there are as many: `{group}` in the path of a request
   * becomes the name of one.
   */
  readonly groups?: { readonly number: number; readonly size: number }
  /** The request that makes a WebSocket a member; with DELETE instead it is one no more. */
  readonly join?: RequestTemplate
  /** The time that a pause waits for what is under way before the load counts as failed; 10 seconds when left out. */
  readonly patienceMillis?: number
  /** Payload length of the frame that a post becomes; 0 when any will do. */
  readonly frameBytes?: number
}

/** An HTTP request, a POST unless it says otherwise. `{address}` in its path or body becomes the address of the WebSocket that it is meant for. */
export interface RequestTemplate {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  readonly contentType: string
  readonly body: string
  /** The status that says that it was done. */
  readonly status: number
}

/** The counts so far. */
export interface LoadCounts {
  readonly operations: number
  /** Replies of another length than asked for, statuses other than 200, connections lost. */
  readonly errors: number
  /** The first error; null when there was none. */
  readonly firstError: string | null
  readonly latencies: LatencyCount[]
  /** Latencies of HTTP answers, where an operation ends with something else. */
  readonly answers: LatencyCount[]
}

/** The count of one latency. */
export type LatencyCount = [micros: number, count: number]

/** One kind of load in a client process. */
export interface Load {
  /** Resolves when everything is connected; nothing is sent yet. */
  open(): Promise<void>
  resume(): void
  /** Stops sending, and resolves when nothing is under way any more. */
  pause(): Promise<void>
}
