import { Cluster, Redis } from 'ioredis'
import { redisAddressText } from '../../vocabulary/redis-address.ts'
import type { RedisClient, RedisWatcher } from '../contract.ts'
import { checkCapability } from './capability.ts'
import {
  type ConnectionOptions,
  type ConnectionTimings,
  commonOptions,
  endpoint,
  plainError,
} from './connection-options.ts'
import { createSubscriber } from './subscriber.ts'

export interface RedisClientOptions extends ConnectionOptions, ConnectionTimings {
  readonly random: () => number
}

/** Times that a command may be sent on to another node of a Cluster. */
const maxRedirections = 5

/** Opens the Redis of this process, and keeps the connection up until it is closed. */
export function openRedisClient(options: RedisClientOptions): RedisClient {
  const { address, commandTimeout } = options
  const watchers = new Set<RedisWatcher>()
  let closed = false
  let settleFirst: ((error: Error | null) => void) | null = null
  const first = new Promise<void>((resolve, reject) => {
    settleFirst = (error) => (error === null ? resolve() : reject(error))
  })
  first.catch(() => {})
  const timer = setTimeout(() => settleFirst?.(new Error('it does not answer')), 2 * commandTimeout)

  let lastError = new Error('the connection ended')
  const failed = (raw: Error) => {
    if (closed) return
    const error = plainError(raw)
    lastError = error
    settleFirst?.(error)
    for (const watcher of watchers) watcher.disturbed(error)
  }
  const connection = connect(options)
  connection.on('error', failed)
  connection.on('node error', failed)
  connection.on('-node', () => failed(lastError))
  connection.on('close', () => failed(lastError))
  connection.on('ready', () => {
    settleFirst?.(null)
    if (!closed) for (const watcher of watchers) watcher.ready()
  })
  const cluster = connection instanceof Cluster ? connection : null
  const subscriber = createSubscriber({ ...options, cluster })

  const client: RedisClient = {
    where: redisAddressText(address),
    database: address.database,
    run: (command, ...args) =>
      connection.callBuffer(command, ...args).catch((error: Error) => {
        // What ioredis says of a connection that is not there does not say why it is not.
        throw /isn't (writeable|ready)|^Connection is closed/.test(error.message) ? lastError : plainError(error)
      }),
    runScript: ({ source }, keys, ...args) => client.run('EVAL', source, keys.length, ...keys, ...args),
    async pulse() {
      if (cluster !== null) await Promise.all(cluster.nodes('master').map((node) => node.ping()))
    },
    fitness: (channel) => checkCapability(client, { channel, isCluster: cluster !== null }),
    subscribe: subscriber.subscribe,
    watch(watcher) {
      watchers.add(watcher)
      return () => void watchers.delete(watcher)
    },
    connected: () => first,
    close() {
      closed = true
      clearTimeout(timer)
      connection.disconnect()
      subscriber.close()
    },
  }
  return client
}

function connect(options: RedisClientOptions): Redis | Cluster {
  const { address, commandTimeout, retry, random } = options
  const common = commonOptions(options)
  // Spread at random, so that a fleet that lost its Redis does not come back in one moment.
  const pause = (times: number) => Math.ceil((0.3 + 0.7 * random()) * Math.min(retry, 50 * 2 ** Math.min(times, 10)))
  if (address.kind !== 'cluster') {
    return new Redis({
      ...common,
      ...endpoint(options),
      enableOfflineQueue: false,
      retryStrategy: pause,
      sentinelRetryStrategy: pause,
    })
  }
  return new Cluster([...address.nodes], {
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
}
