import type { ConnectionRecord } from '../../vocabulary/connection.ts'
import { type ConnectionId, type OwnerId, ownerOfConnectionId } from '../../vocabulary/ids.ts'
import type { ConnectionLookup, ConnectionUsers, Delivery, LocalConnections, SelectiveDelivery } from '../contract.ts'
import type { LocalGroups } from '../group-contract.ts'
import { type PeerOutcome, type QuestionKind, questionKinds } from './envelope.ts'
import { questionSize } from './outbox.ts'
import { closeOutcome, deliverOutcome, description, inDoubt, selectedOutcome, userOutcome } from './outcomes.ts'
import type { Peers } from './peers.ts'
import type { Turns } from './turns.ts'

export interface RedisDeliveryOptions {
  readonly local: LocalConnections
  readonly localGroups: Pick<LocalGroups, 'sendIf'>
  readonly own: () => OwnerId
  /** Whether this worker may have been buried without knowing: then it serves nothing of its own. */
  readonly isFrozen: () => boolean
  /** Whether a worker is known to be dead, without asking. */
  readonly isDead: (owner: OwnerId) => boolean
  /** Tells why no other worker can be reached; null while they can, as `Fleet.trouble`. */
  readonly trouble: () => string | null
  readonly peers: Peers
  readonly turns: Turns
  /** Stores a record that has changed. */
  readonly store: (record: ConnectionRecord) => Promise<void>
}

/** Reaches connections of this worker at once, and asks the worker that an id names for all others. */
export function createRedisDelivery(
  options: RedisDeliveryOptions,
): ConnectionLookup & Delivery & SelectiveDelivery & ConnectionUsers {
  const { local, localGroups, own, isFrozen, isDead, trouble, peers, turns, store } = options

  function isGone(owner: OwnerId | -1): boolean {
    return owner === -1 || isDead(owner)
  }

  /** Asks the worker inside the id; `gone` and `unreachable` at once where there is nobody to ask. */
  function ask(
    owner: OwnerId,
    kind: QuestionKind,
    id: ConnectionId,
    apiId: string | null,
    first: unknown,
    second: unknown,
  ): Promise<PeerOutcome> {
    if (trouble() !== null) return Promise.resolve('unreachable')
    const lane = apiId ?? ''
    if (kind === questionKinds.describe || turns.isFree(lane)) return peers.ask(owner, kind, id, apiId, first, second)
    // Behind a message to many that is still looked up.
    const asking = turns.take(lane, questionSize(first, second), null, () =>
      peers.ask(owner, kind, id, apiId, first, second),
    )
    return asking ?? Promise.resolve('unreachable')
  }

  return {
    get(id) {
      const owner = ownerOfConnectionId(id)
      if (isGone(owner)) return null
      if (owner === own()) return isFrozen() ? Promise.reject(inDoubt()) : local.describe(id)
      return ask(owner, questionKinds.describe, id, null, null, null).then((outcome) => description(id, outcome))
    },
    deliver(id, frame, apiId) {
      const owner = ownerOfConnectionId(id)
      if (isGone(owner)) return 'gone'
      if (owner === own()) return isFrozen() ? 'unreachable' : local.send(id, frame, apiId)
      const { data, binary, coalesce = null } = frame
      const kind = binary ? questionKinds.binary : questionKinds.text
      const copy = typeof data === 'string' ? data : Buffer.from(data)
      return ask(owner, kind, id, apiId ?? null, copy, coalesce).then(deliverOutcome)
    },
    deliverIf(id, frame, filter, apiId) {
      const owner = ownerOfConnectionId(id)
      if (isGone(owner)) return 'gone'
      if (owner === own()) return isFrozen() ? 'unreachable' : localGroups.sendIf(id, frame, filter, apiId)
      const { data, binary, coalesce = null } = frame
      const copy = typeof data === 'string' ? data : Buffer.from(data)
      // A kind of its own: a worker of an earlier version refuses it, and sends nothing to whom the filter leaves out.
      const asked = ask(owner, questionKinds.sendIf, id, apiId ?? null, copy, [binary, filter, coalesce])
      return asked.then(selectedOutcome)
    },
    disconnect(id, code, reason, apiId) {
      const owner = ownerOfConnectionId(id)
      if (isGone(owner)) return 'gone'
      if (owner === own()) {
        if (isFrozen()) return 'unreachable'
        return local.close(id, code, reason, apiId) ? 'closed' : 'gone'
      }
      return ask(owner, questionKinds.close, id, apiId ?? null, code, reason).then(closeOutcome)
    },
    changeUser(id, change, apiId) {
      const owner = ownerOfConnectionId(id)
      if (isGone(owner)) return 'gone'
      if (owner === own()) {
        if (isFrozen()) return 'unreachable'
        const changed = local.changeUser(id, change, apiId)
        return changed === null ? 'gone' : store(changed).then(() => 'changed')
      }
      return ask(owner, questionKinds.changeUser, id, apiId ?? null, JSON.stringify(change), null).then(userOutcome)
    },
  }
}
