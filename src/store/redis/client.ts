import { readFileSync } from 'node:fs'
import { Cluster, Redis, type RedisOptions } from 'ioredis'
import { type RedisAddress, redisAddressText } from '../../vocabulary/redis-address.ts'

export interface StoreOptions {
  readonly address: RedisAddress
  readonly password: string | null
  readonly sentinelPassword: string | null
  /** PEM file of the authority that signed the server's certificate; null for those that Node.js knows. */
  readonly ca: string | null
  /** Milliseconds after which a command has failed. */
  readonly commandTimeout: number
  /** Longest pause between two tries, in milliseconds. */
  readonly retry: number
  /** Shown by `CLIENT LIST`. */
  readonly name: string
  readonly random: () => number
  /** Told whenever commands may have been lost: a connection that ended, a node that went. */
  readonly disturbed: (reason: Error) => void
  /** Told whenever commands can be run (again). */
  readonly ready: () => void
}

interface Host {
  readonly host: string
  readonly port: number
}

export type Argument = string | number | Buffer

/** One connection of its own that listens to one channel. */
export interface Subscription {
  /**
   * Listens no more. Resolves when everything has been handed over that Redis counted this listener for: whoever
   * publishes from now on is told that there is nobody.
   */
  end(): Promise<void>
  /** Drops the connection, and what is on its way with it. */
  close(): void
}

/** A Redis, whatever its form. A command is sent at most once by us, and in the order of the calls. */
export interface Store {
  /** Its address, for messages. */
  readonly where: string
  readonly isCluster: boolean
  /** Rejects when Redis can't be reached now, and at the latest after the timeout. Texts come as Buffers. */
  run(command: string, ...args: Argument[]): Promise<unknown>
  /** Rejects when a part of Redis (of a Cluster: a master) that other commands may need does not answer. */
  pulse(): Promise<void>
  /** Resolves once the channel is listened to; `ended` is told once, if it ends by itself after that. */
  subscribe(channel: string, message: (bytes: Buffer) => void, ended: (error: Error) => void): Promise<Subscription>
  /** Resolves when Redis was reached; rejects when the first try failed. */
  connected(): Promise<void>
  /** Drops every connection at once. Safe to call twice. */
  close(): void
}

// Long enough for a command that timed out, so that a socket that only ever is silent gets replaced.
const silencePerTimeout = 2.5
const maxRedirections = 5

export function openStore(options: StoreOptions): Store {
  const { address, commandTimeout, retry, random, disturbed } = options
  const common = commonOptions(options)
  const subscriptions = new Set<Redis>()
  let closed = false
  let settleFirst: ((error: Error | null) => void) | null = null
  const first = new Promise<void>((resolve, reject) => {
    settleFirst = (error) => (error === null ? resolve() : reject(error))
  })
  first.catch(() => {})
  const timer = setTimeout(() => settleFirst?.(new Error('it does not answer')), 2 * commandTimeout)

  // Spread at random, so that a fleet that lost its Redis does not come back in one moment.
  const pause = (times: number) => Math.ceil((0.3 + 0.7 * random()) * Math.min(retry, 50 * 2 ** Math.min(times, 10)))
  let lastError = new Error('the connection ended')
  const failed = (raw: Error) => {
    if (closed) return
    const error = plain(raw)
    lastError = error
    settleFirst?.(error)
    disturbed(error)
  }
  const client =
    address.kind === 'cluster'
      ? new Cluster([...address.nodes], {
          redisOptions: common,
          enableOfflineQueue: false,
          clusterRetryStrategy: pause,
          retryDelayOnFailover: 200,
          retryDelayOnClusterDown: 200,
          maxRedirections,
          slotsRefreshTimeout: commandTimeout,
          slotsRefreshInterval: 10_000,
          // The certificate is checked against the name, not the address behind it.
          ...(address.tls && {
            dnsLookup: (host: string, done: (error: null, address: string) => void) => done(null, host),
          }),
        })
      : new Redis({
          ...common,
          ...endpoint(options),
          enableOfflineQueue: false,
          retryStrategy: pause,
          sentinelRetryStrategy: pause,
        })
  client.on('error', failed)
  client.on('node error', failed)
  client.on('-node', () => failed(lastError))
  client.on('close', () => failed(lastError))
  client.on('ready', () => {
    settleFirst?.(null)
    if (!closed) options.ready()
  })

  function openSubscriber(host: Host | null): Redis {
    const subscriber = new Redis({
      ...common,
      ...(host === null ? endpoint(options) : host),
      connectionName: `${options.name}:inbox`,
      retryStrategy: () => null,
      sentinelRetryStrategy: () => null,
      lazyConnect: true,
    })
    subscriptions.add(subscriber)
    return subscriber
  }

  async function subscribe(
    channel: string,
    message: (bytes: Buffer) => void,
    ended: (error: Error) => void,
  ): Promise<Subscription> {
    let hosts: (Host | null)[] = address.kind === 'cluster' ? shuffle(hostsOf(client as Cluster), random) : [null]
    let failure = new Error('no node of the Cluster can be reached')
    for (let hops = 0; hops < maxRedirections && hosts.length > 0; hops++) {
      const [host, ...others] = hosts
      const subscriber = openSubscriber(host ?? null)
      try {
        return await listen(subscriber, channel, message, ended)
      } catch (error) {
        failure = plain(error as Error)
        subscriptions.delete(subscriber)
        subscriber.disconnect()
        const moved = movedTo(failure)
        hosts = moved === null ? others : [moved]
      }
    }
    throw failure
  }

  async function listen(
    subscriber: Redis,
    channel: string,
    message: (bytes: Buffer) => void,
    ended: (error: Error) => void,
  ): Promise<Subscription> {
    let failure = new Error('the connection ended')
    let open = false
    subscriber.on('error', (error: Error) => {
      failure = plain(error)
    })
    subscriber.on('smessageBuffer', (_channel: Buffer, bytes: Buffer) => message(bytes))
    subscriber.on('end', () => {
      subscriptions.delete(subscriber)
      if (open && !closed) ended(failure)
      open = false
    })
    await within(subscriber.connect(), 2 * commandTimeout).catch((error: unknown) => {
      throw failure.message === 'the connection ended' ? error : failure
    })
    await subscriber.ssubscribe(channel)
    open = true
    return {
      async end() {
        open = false
        // What was published before is on the connection before the answer to this.
        await subscriber.sunsubscribe(channel)
      },
      close() {
        open = false
        subscriptions.delete(subscriber)
        subscriber.disconnect()
      },
    }
  }

  return {
    where: redisAddressText(address),
    isCluster: address.kind === 'cluster',
    run: (command, ...args) =>
      client.callBuffer(command, ...args).catch((error: Error) => {
        // What ioredis says of a connection that is not there does not say why it is not.
        throw /isn't (writeable|ready)|^Connection is closed/.test(error.message) ? lastError : plain(error)
      }),
    async pulse() {
      if (client instanceof Cluster) await Promise.all(client.nodes('master').map((node) => node.ping()))
    },
    subscribe,
    connected: () => first,
    close() {
      closed = true
      clearTimeout(timer)
      client.disconnect()
      for (const subscriber of subscriptions) subscriber.disconnect()
      subscriptions.clear()
    },
  }
}

function commonOptions({ address, password, ca, commandTimeout, name }: StoreOptions) {
  return {
    ...(address.username !== null && { username: address.username }),
    ...(password !== null && { password }),
    ...(address.tls && { tls: ca === null ? {} : { ca: readFileSync(ca) } }),
    connectionName: name,
    connectTimeout: commandTimeout,
    commandTimeout,
    socketTimeout: commandTimeout * silencePerTimeout,
    // A command that may have run is not sent again: a frame would be delivered twice.
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    autoResubscribe: false,
    disableClientInfo: true,
    // After a failover the old master may still be there, as a replica.
    reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
  } satisfies RedisOptions
}

function endpoint({ address, sentinelPassword, ca }: StoreOptions) {
  const [node] = address.nodes
  if (address.kind !== 'sentinel') return { ...node, db: address.database }
  return {
    sentinels: [...address.nodes],
    name: address.master as string,
    db: address.database,
    ...(sentinelPassword !== null && { sentinelPassword }),
    ...(address.tls && { enableTLSForSentinelMode: true, sentinelTLS: ca === null ? {} : { ca: readFileSync(ca) } }),
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

/** `MOVED 3999 127.0.0.1:6381` */
function movedTo({ message }: Error): Host | null {
  const [, host, port] = /^MOVED \d+ (.+):(\d+)$/.exec(message) ?? []
  return host === undefined ? null : { host, port: Number(port) }
}

/** Whether a key holds something that we never wrote: no sign of trouble with Redis. */
export function isForeignValue(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('WRONGTYPE')
}

/** Errors of ioredis carry the command with its arguments, records and passwords among them: only the text is kept. */
function plain({ message }: Error): Error {
  return new Error(message.replace(/, with args beginning with.*/s, ''))
}

/** Rejects after some milliseconds with "it does not answer". */
export function within<T>(promise: Promise<T>, milliseconds: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('it does not answer')), milliseconds)
    promise.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
