import { readFileSync } from 'node:fs'

/** An argument of a Redis command; a Buffer is sent byte for byte. */
export type RedisArgument = string | number | Buffer

/** A Lua script that Redis runs as one step (Redis documentation, "Scripting with Lua"). */
export interface RedisScript {
  readonly source: string
}

/**
 * Reads a script from `.lua` files, each a part of one text in the order of the call; done once, when a module is
 * loaded. Lines that are comments are left out: the text travels with every call.
 */
export function readRedisScript(...files: readonly URL[]): RedisScript {
  const lines = files.flatMap((file) => readFileSync(file, 'utf8').split('\n'))
  return { source: lines.filter((line) => line !== '' && !line.startsWith('--')).join('\n') }
}

/**
 * The part that each room puts between the prefix of the process and the names of its keys and channels: none begins as
 * another does. Those of the registry are older than the table.
 */
const keyspaces = {
  registry: '',
  usage: 'usage:',
  revocations: 'revocations:',
  limits: 'limits:',
  idempotency: 'idempotency:',
} as const

export type KeyspaceOwner = keyof typeof keyspaces

/** Names the keys and channels of one room. */
export interface Keyspace {
  key(name: string): string
  /**
   * A key with a hash tag: those that share one are in the same slot of a Cluster, so that a script may touch all of them
   * (Redis documentation, "Redis cluster specification", "Hash tags").
   */
  tagged(tag: string, name: string): string
  /** A channel with a hash tag; the number of the database is in its name, since a channel is heard in all of them. */
  channel(tag: string, name: string): string
}

/**
 * The keyspace of a room. Databases of one server have keys of their own, but no channels of their own (Redis
 * documentation, "Redis Pub/Sub", "Database & Scoping"); those of the first have plain names.
 */
export function keyspaceOf(prefix: string, owner: KeyspaceOwner, database = 0): Keyspace {
  const start = `${prefix}${keyspaces[owner]}`
  const end = database === 0 ? '' : `:${database}`
  return {
    key: (name) => `${start}${name}`,
    tagged: (tag, name) => `${start}{${tag}}:${name}`,
    channel: (tag, name) => `${start}{${tag}}:${name}${end}`,
  }
}

/** The listening to one channel, over a connection of its own. */
export interface RedisSubscription {
  /**
   * Listens no more. Resolves when everything has been handed over that Redis counted this listener for: whoever
   * publishes from now on is told that there is nobody.
   */
  end(): Promise<void>
  /** Drops the connection, and what is on its way with it. */
  close(): void
}

/** The wishes of a subscriber about the channel that it wants to listen to. */
export interface SubscribeOptions {
  /** A channel of sharded pub/sub. */
  readonly channel: string
  /** Name of the connection in `CLIENT LIST`, behind that of the client: `postern:inbox`. */
  readonly label: string
  readonly message: (bytes: Buffer) => void
  /** Called once, if the subscription ends by itself after it was made. */
  readonly ended: (error: Error) => void
}

/** The listeners of a user of the client, who wants to be told of its state for as long as the client is open. */
export interface RedisWatcher {
  /** Called when commands of anybody may have been lost: a connection has ended, a node has gone. */
  readonly disturbed: (reason: Error) => void
  /** Called when commands can be run (again). */
  readonly ready: () => void
}

/**
 * The Redis of a process, whatever its form (one server, one behind Sentinels, a Cluster): `app/` opens one, every room
 * that needs it is handed the same, and `app/` closes it after all of them. A command is sent at most once, and in the
 * order of the calls. Rejections are errors of one sentence that name no argument of the command.
 */
export interface RedisClient {
  /** The address of the server or servers, for messages. */
  readonly where: string
  /** Number of the database whose keys are meant; a Cluster has 0 only. */
  readonly database: number
  /** Rejects when Redis can't be reached now, and at the latest after the deadline of a command. Texts come as Buffers. */
  run(command: string, ...args: RedisArgument[]): Promise<unknown>
  /** Runs a script, under the rules of `run`. All keys have to be in one slot of a Cluster. */
  runScript(script: RedisScript, keys: readonly string[], ...args: RedisArgument[]): Promise<unknown>
  /** Rejects when a part of Redis (of a Cluster: a master) that other commands may need does not answer. */
  pulse(): Promise<void>
  /**
   * Whether this Redis can do what Postern needs; resolves with a sentence about each thing that may do harm there.
   * Rejects with `RedisUnfit`, or with whatever keeps it from being asked. `channel` is one of the caller's, on which
   * nobody is disturbed by an empty message.
   */
  fitness(channel: string): Promise<readonly string[]>
  /** Resolves once the channel is listened to. */
  subscribe(options: SubscribeOptions): Promise<RedisSubscription>
  /** Tells a watcher from now on, until what it gives back is called. */
  watch(watcher: RedisWatcher): () => void
  /** Resolves when Redis was reached; rejects when the first try failed. */
  connected(): Promise<void>
  /** Drops every connection at once; no watcher is told. Safe to call twice. */
  close(): void
}

/** A Redis that can never be used, however long one waits. The message is one sentence. */
export class RedisUnfit extends Error {
  override readonly name = 'RedisUnfit'
}

/**
 * Whether a command failed because its key holds a value of another type, which Postern never wrote: no sign of trouble
 * with Redis. `WRONGTYPE` is the code of that error (Redis documentation, "Redis serialization protocol specification").
 */
export function isForeignValue(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('WRONGTYPE')
}
