import { readFileSync } from 'node:fs'
import type { RedisOptions } from 'ioredis'
import type { RedisAddress } from '../../vocabulary/redis-address.ts'

/** The address of a Redis and what lets one in. */
export interface RedisAccess {
  readonly address: RedisAddress
  readonly password: string | null
  readonly sentinelPassword: string | null
  /** PEM file of the authority that signed the server's certificate; null for those that Node.js knows. */
  readonly ca: string | null
}

export interface ConnectionTimings {
  /** Milliseconds after which a command has failed. */
  readonly commandTimeout: number
  /** Longest pause between two tries to connect, in milliseconds. */
  readonly retry: number
}

export interface ConnectionOptions extends RedisAccess, Pick<ConnectionTimings, 'commandTimeout'> {
  /** Shown by `CLIENT LIST`. */
  readonly name: string
}

// Long enough for a command that timed out, so that a socket that only ever is silent gets replaced.
const silencePerTimeout = 2.5

/** The options that every connection has in common, to whatever node it goes. */
export function commonOptions({ address, password, ca, commandTimeout, name }: ConnectionOptions) {
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

/**
 * The endpoint of a connection that is to no certain node of a Cluster: the server, or the master behind the Sentinels.
 */
export function endpoint({ address, sentinelPassword, ca }: RedisAccess) {
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

/** The error without the command and its arguments, records and passwords among them, which ioredis puts behind it. */
export function plainError({ message }: Error): Error {
  return new Error(message.replace(/, with args beginning with.*/s, ''))
}
