import { onTestFinished } from 'vitest'
import type { Log } from '../../src/observability/contract.ts'
import type {
  CloseCause,
  HttpExchange,
  Socket,
  Transport,
  TransportHandlers,
  TransportOptions,
  Upgrade,
} from '../../src/transport/contract.ts'
import { loadNodeTransport } from '../../src/transport/node/node-transport.ts'
import { createUwsTransport } from '../../src/transport/uws/uws-transport.ts'
import { loadTestUws } from '../helpers/test-uws.ts'
import { isOverNode } from '../helpers/transport-abilities.ts'
import { RawClient } from './raw-client.ts'

/** The record that a test has of a connection. */
export interface Connection {
  socket: Socket | null
}

export interface CloseEvent {
  code: number
  reason: string
  cause: CloseCause
}

export const logged: { level: string; fields: object; message: string }[] = []

const log: Log = {
  debug: (fields, message) => logged.push({ level: 'debug', fields, message }),
  info: (fields, message) => logged.push({ level: 'info', fields, message }),
  warn: (fields, message) => logged.push({ level: 'warn', fields, message }),
  error: (fields, message) => logged.push({ level: 'error', fields, message }),
  child: () => log,
}

/** The server under test: uWebSockets.js, or node:http and ws where POSTERN_TRANSPORT says `node`. */
export const createTransport = isOverNode
  ? await loadNodeTransport({ log })
  : createUwsTransport({ uws: (await loadTestUws()).uws, log })

export const defaultOptions: TransportOptions = {
  host: '127.0.0.1',
  port: 0,
  tls: null,
  exclusivePort: true,
  maxMessageBytes: 131_072,
  maxBufferedBytes: 65_536,
  pingIntervalInSeconds: 0,
  compression: false,
}

/** A queue that a test awaits instead of sleeping. */
export class Events<T> {
  readonly all: T[] = []
  #taken = 0
  #wake: (() => void) | null = null

  push(event: T): void {
    this.all.push(event)
    this.#wake?.()
  }

  async next(): Promise<T> {
    while (this.all.length <= this.#taken) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    return this.all[this.#taken++] as T
  }
}

export interface Server {
  port: number
  transport: Transport
  opened: Events<Socket>
  messages: Events<{ text: string; isBinary: boolean }>
  pings: Events<Connection>
  closes: Events<CloseEvent>
  client(): RawClient
}

/** A transport on a free port that accepts and records everything, closed when the test ends. */
export async function startServer(
  options: Partial<TransportOptions> = {},
  handlers: Partial<TransportHandlers<Connection>> = {},
): Promise<Server> {
  const opened = new Events<Socket>()
  const messages = new Events<{ text: string; isBinary: boolean }>()
  const pings = new Events<Connection>()
  const closes = new Events<CloseEvent>()
  const transport = createTransport<Connection>(
    { ...defaultOptions, ...options },
    {
      upgrade: (upgrade) => opened.push(acceptNow(upgrade)),
      message: (_, message, isBinary) => messages.push({ text: Buffer.from(message).toString('latin1'), isBinary }),
      pinged: (connection) => pings.push(connection),
      close: (_, code, reason, cause) => closes.push({ code, reason, cause }),
      request: (exchange) => exchange.respond(200, [], exchange.request.path),
      ...handlers,
    },
  )
  onTestFinished(() => transport.close())
  const port = await transport.listen()
  return { port, transport, opened, messages, pings, closes, client: () => RawClient.to(port) }
}

/** Accepts a handshake without a subprotocol. */
export function acceptNow(upgrade: Upgrade<Connection>, compression = false): Socket {
  const connection: Connection = { socket: null }
  connection.socket = upgrade.accept(connection, { protocol: null, compression })
  if (connection.socket === null) throw new Error('the client had gone')
  return connection.socket
}

/** The exchange of the next request to a server that answers nothing by itself. */
export async function heldExchange(
  options: Partial<TransportOptions> = {},
  onExchange: (exchange: HttpExchange) => void = () => {},
): Promise<Server & { exchanges: Events<HttpExchange> }> {
  const exchanges = new Events<HttpExchange>()
  const server = await startServer(options, {
    request: (exchange) => {
      onExchange(exchange)
      exchanges.push(exchange)
    },
  })
  return { ...server, exchanges }
}
