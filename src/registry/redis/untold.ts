import type { ConnectionRecord } from '../../vocabulary/connection.ts'
import type { ConnectionId } from '../../vocabulary/ids.ts'
import { type Deferred, deferred } from './deferred.ts'

/** Connections that have ended, and whose backends have not been told of it yet. */
export interface Untold {
  readonly size: number
  has(id: ConnectionId): boolean
  add(record: ConnectionRecord): void
  /** Takes one away, since its backend has been told. False when it is not there, or not any more. */
  remove(id: ConnectionId): boolean
  /** Copies the records. */
  records(): Map<ConnectionId, ConnectionRecord>
  /** Resolves when there is none, or they are another's to tell. */
  none(): Promise<void>
  /** Forgets all: they are another's to tell. */
  clear(): void
}

export function createUntold(): Untold {
  const ended = new Map<ConnectionId, ConnectionRecord>()
  let waiting: Deferred | null = null

  function release(): void {
    waiting?.resolve()
    waiting = null
  }

  return {
    get size() {
      return ended.size
    },
    has: (id) => ended.has(id),
    add: (record) => void ended.set(record.connectionId, record),
    remove(id) {
      const was = ended.delete(id)
      if (ended.size === 0) release()
      return was
    },
    records: () => new Map(ended),
    async none() {
      if (ended.size === 0) return
      waiting ??= deferred()
      await waiting.promise
    },
    clear() {
      ended.clear()
      release()
    },
  }
}
