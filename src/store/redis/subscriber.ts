import { type Cluster, Redis } from 'ioredis'
import { within } from '../../vocabulary/within.ts'
import type { RedisSubscription, SubscribeOptions } from '../contract.ts'
import { type ConnectionOptions, commonOptions, endpoint, plainError } from './connection-options.ts'

export interface SubscriberOptions extends ConnectionOptions {
  /** The client of a Cluster, whose nodes may be asked for a channel; null for any other form of Redis. */
  readonly cluster: Cluster | null
  readonly random: () => number
}

/** Opens subscriptions, each with a connection of its own to the node that has the channel. */
export interface Subscriber {
  subscribe(options: SubscribeOptions): Promise<RedisSubscription>
  /** Drops every connection; nobody is told. */
  close(): void
}

interface Host {
  readonly host: string
  readonly port: number
}

/** Times that a node of a Cluster may name another one as that of the channel. */
const maxRedirections = 5

export function createSubscriber(options: SubscriberOptions): Subscriber {
  const { cluster, commandTimeout, random } = options
  const common = commonOptions(options)
  const connections = new Set<Redis>()
  let closed = false

  function open(host: Host | null, label: string): Redis {
    const connection = new Redis({
      ...common,
      ...(host === null ? endpoint(options) : host),
      connectionName: `${options.name}:${label}`,
      retryStrategy: () => null,
      sentinelRetryStrategy: () => null,
      lazyConnect: true,
    })
    connections.add(connection)
    return connection
  }

  async function listen(connection: Redis, { channel, message, ended }: SubscribeOptions): Promise<RedisSubscription> {
    let failure = new Error('the connection ended')
    let open = false
    connection.on('error', (error: Error) => {
      failure = plainError(error)
    })
    connection.on('smessageBuffer', (_channel: Buffer, bytes: Buffer) => message(bytes))
    connection.on('end', () => {
      connections.delete(connection)
      if (open && !closed) ended(failure)
      open = false
    })
    await within(connection.connect(), 2 * commandTimeout).catch((error: unknown) => {
      throw failure.message === 'the connection ended' ? error : failure
    })
    await connection.ssubscribe(channel)
    open = true
    return {
      async end() {
        open = false
        // What was published before is on the connection before the answer to this.
        await connection.sunsubscribe(channel)
      },
      close() {
        open = false
        connections.delete(connection)
        connection.disconnect()
      },
    }
  }

  return {
    async subscribe(wanted) {
      let hosts: (Host | null)[] = cluster === null ? [null] : shuffle(hostsOf(cluster), random)
      let failure = new Error('no node of the Cluster can be reached')
      for (let hops = 0; hops < maxRedirections && hosts.length > 0; hops++) {
        const [host, ...others] = hosts
        const connection = open(host ?? null, wanted.label)
        try {
          return await listen(connection, wanted)
        } catch (error) {
          failure = plainError(error as Error)
          connections.delete(connection)
          connection.disconnect()
          const moved = movedTo(failure)
          hosts = moved === null ? others : [moved]
        }
      }
      throw failure
    },
    close() {
      closed = true
      for (const connection of connections) connection.disconnect()
      connections.clear()
    },
  }
}

function hostsOf(cluster: Cluster): Host[] {
  return cluster.nodes('master').map(({ options }) => ({ host: options.host as string, port: options.port as number }))
}

function shuffle<T>(list: T[], random: () => number): T[] {
  return list
    .map((item) => ({ item, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item)
}

/**
 * The node that a refusal names instead: `MOVED 3999 127.0.0.1:6381` (Redis documentation, "Redis cluster
 * specification", "MOVED Redirection"); null for any other error.
 */
function movedTo({ message }: Error): Host | null {
  const [, host, port] = /^MOVED \d+ (.+):(\d+)$/.exec(message) ?? []
  return host === undefined ? null : { host, port: Number(port) }
}
