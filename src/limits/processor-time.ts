import { sourceNetwork } from '../vocabulary/source-network.ts'
import { type Account, createAccount, type TimeShare } from './time-account.ts'

/** Networks with an account of their own; those that come while so many have not got all their time back share one. */
const maxSources = 1_000

/** The facts about a connection that its processor time depends on. */
export interface TimedConnection {
  /** The client's address, IPv4 or IPv6. */
  readonly sourceIp: string
}

/** The milliseconds of processor time that one kind of work may take. */
export interface TimeShares {
  readonly ofConnection: TimeShare
  /** The share of all connections from one network, which a new connection does not renew. */
  readonly ofSource: TimeShare
  /** The share of all connections of the process, whatever the number of networks that they come from. */
  readonly ofProcess: TimeShare
}

/** The processor time that connections take for one kind of work: each one, all from one network, and all. */
export interface ProcessorTime {
  /** Whether the connection itself has time left. */
  connectionHas(connection: TimedConnection): boolean
  /** Whether its network has time left, and the process. */
  othersHave(connection: TimedConnection): boolean
  /** Takes milliseconds from all three, be they left or not. */
  take(connection: TimedConnection, millis: number): void
}

/** Creates the accounts; that of a connection ends with it. `now` is a clock in milliseconds. */
export function createProcessorTime(shares: TimeShares, now: () => number): ProcessorTime {
  const connections = new WeakMap<TimedConnection, Account>()
  const sources = new Map<string, Account>()
  const otherSources = createAccount(shares.ofSource, now)
  const all = createAccount(shares.ofProcess, now)

  function connectionAccount(connection: TimedConnection): Account {
    const known = connections.get(connection)
    if (known !== undefined) return known
    const account = createAccount(shares.ofConnection, now)
    connections.set(connection, account)
    return account
  }

  function sourceAccount(connection: TimedConnection): Account {
    const network = sourceNetwork(connection.sourceIp)
    const known = sources.get(network)
    if (known !== undefined) return known
    if (sources.size >= maxSources) forgetFull()
    if (sources.size >= maxSources) return otherSources
    const account = createAccount(shares.ofSource, now)
    sources.set(network, account)
    return account
  }

  function forgetFull(): void {
    for (const [network, account] of sources) if (account.isFull()) sources.delete(network)
  }

  return {
    connectionHas: (connection) => connections.get(connection)?.hasTime() ?? true,
    othersHave: (connection) => all.hasTime() && sourceAccount(connection).hasTime(),
    take(connection, millis) {
      connectionAccount(connection).take(millis)
      sourceAccount(connection).take(millis)
      all.take(millis)
    },
  }
}
