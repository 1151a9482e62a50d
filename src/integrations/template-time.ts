/**
 * Milliseconds of processor time that the templates of one connection may take in a second, on average. Only renderings
 * of some length are measured, so that ordinary ones cost nothing.
 */
const millisPerSecond = 20
/** Milliseconds that a connection may take at once after it took none for a while: more than one rendering's limit. */
const burstMillis = 60

interface Account {
  /** Milliseconds left; below 0 after a rendering that took more. */
  left: number
  /** The time of the last booking, in milliseconds. */
  at: number
}

/** The processor time that the templates of connections take, each with an account of its own. */
export interface TemplateTime {
  /** Whether the connection has time left. */
  has(connection: object): boolean
  /** Books what a rendering took. */
  take(connection: object, millis: number): void
}

/** Creates the accounts; one ends with its connection. `now` is a clock in milliseconds. */
export function createTemplateTime(now: () => number): TemplateTime {
  const accounts = new WeakMap<object, Account>()

  function current(account: Account): number {
    const time = now()
    account.left = Math.min(burstMillis, account.left + ((time - account.at) * millisPerSecond) / 1_000)
    account.at = time
    return account.left
  }

  return {
    has(connection) {
      const account = accounts.get(connection)
      return account === undefined || current(account) > 0
    },
    take(connection, millis) {
      const account = accounts.get(connection) ?? { left: burstMillis, at: now() }
      account.left = current(account) - millis
      accounts.set(connection, account)
    },
  }
}
