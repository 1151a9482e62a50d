import type { LongRenderings } from '../mapping/template.ts'
import { GatewayError } from '../vocabulary/errors.ts'
import { sourceNetwork } from '../vocabulary/source-network.ts'
import { type Account, createAccount } from './time-account.ts'

/**
 * Milliseconds of processor time that long renderings may take: in a second on average, and at once after they took none
 * for a while, which is more than one rendering's limit. Only renderings of some length are measured, so that ordinary
 * ones cost nothing.
 */
const ofConnection = { millisPerSecond: 20, burstMillis: 60 }
/** The share of all connections from one network, which a new connection does not renew. */
const ofSource = { millisPerSecond: 200, burstMillis: 400 }
/** The share of all connections of the process, whatever the number of networks that they come from. */
const ofProcess = { millisPerSecond: 500, burstMillis: 1_000 }

/** Networks with an account of their own; those that come while so many have not got all their time back share one. */
const maxSources = 1_000

/** The facts about a connection that its templates' time depends on. */
export interface TimedConnection {
  /** The client's address, IPv4 or IPv6. */
  readonly sourceIp: string
}

/** The processor time that the templates of connections take: of each one, of all from one network, and of all. */
export interface TemplateTime {
  /** Whether the connection itself has time left. */
  has(connection: TimedConnection): boolean
  /**
   * Keeps account of a rendering, should it turn out to be long: it ends with TEMPLATE_TIME_EXCEEDED where the network or
   * the process has no time left.
   */
  longRenderings(connection: TimedConnection): LongRenderings
}

/** Creates the accounts; that of a connection ends with it. `now` is a clock in milliseconds. */
export function createTemplateTime(now: () => number): TemplateTime {
  const connections = new WeakMap<TimedConnection, Account>()
  const sources = new Map<string, Account>()
  const otherSources = createAccount(ofSource, now)
  const all = createAccount(ofProcess, now)

  function connectionAccount(connection: TimedConnection): Account {
    const known = connections.get(connection)
    if (known !== undefined) return known
    const account = createAccount(ofConnection, now)
    connections.set(connection, account)
    return account
  }

  function sourceAccount(connection: TimedConnection): Account {
    const network = sourceNetwork(connection.sourceIp)
    const known = sources.get(network)
    if (known !== undefined) return known
    if (sources.size >= maxSources) forgetFull()
    if (sources.size >= maxSources) return otherSources
    const account = createAccount(ofSource, now)
    sources.set(network, account)
    return account
  }

  function forgetFull(): void {
    for (const [network, account] of sources) if (account.isFull()) sources.delete(network)
  }

  return {
    has: (connection) => connections.get(connection)?.hasTime() ?? true,
    longRenderings: (connection) => ({
      begins() {
        if (!all.hasTime() || !sourceAccount(connection).hasTime()) throw new GatewayError('TEMPLATE_TIME_EXCEEDED')
      },
      took(millis) {
        connectionAccount(connection).take(millis)
        sourceAccount(connection).take(millis)
        all.take(millis)
      },
    }),
  }
}
