import type { ConnectionDescription } from '../../vocabulary/connection.ts'
import { GatewayError } from '../../vocabulary/errors.ts'
import type { DeliverOutcome, SelectedOutcome } from '../../vocabulary/frames.ts'
import type { ConnectionId } from '../../vocabulary/ids.ts'
import type { DisconnectOutcome, UserChangeOutcome } from '../contract.ts'
import { answerCodes, type PeerOutcome } from './envelope.ts'
import { readDescription } from './questions.ts'

/** The outcome of a delivery that the answer of another worker stands for. */
export function deliverOutcome(outcome: PeerOutcome): DeliverOutcome {
  if (typeof outcome === 'string') return outcome
  switch (outcome[1]) {
    case answerCodes.done:
      return 'sent'
    case answerCodes.gone:
      return 'gone'
    case answerCodes.full:
      return 'full'
    default:
      return 'unreachable'
  }
}

/** The same of a delivery that a filter decides about. */
export function selectedOutcome(outcome: PeerOutcome): SelectedOutcome {
  return typeof outcome !== 'string' && outcome[1] === answerCodes.leftOut ? 'leftOut' : deliverOutcome(outcome)
}

export function closeOutcome(outcome: PeerOutcome): DisconnectOutcome {
  const delivered = deliverOutcome(outcome)
  if (delivered === 'sent') return 'closed'
  return delivered === 'gone' ? 'gone' : 'unreachable'
}

export function userOutcome(outcome: PeerOutcome): UserChangeOutcome {
  const delivered = deliverOutcome(outcome)
  if (delivered === 'sent') return 'changed'
  return delivered === 'gone' ? 'gone' : 'unreachable'
}

/**
 * The description that another worker gave of a connection; null when the connection is gone; throws when nobody can
 * say.
 */
export function description(id: ConnectionId, outcome: PeerOutcome): ConnectionDescription | null {
  if (outcome === 'gone') return null
  if (outcome !== 'unreachable' && outcome[1] === answerCodes.gone) return null
  const found = outcome !== 'unreachable' && outcome[1] === answerCodes.done ? readDescription(id, outcome[2]) : null
  if (found === null) throw new GatewayError('WORKER_UNREACHABLE')
  return found
}

export function inDoubt(): GatewayError {
  return new GatewayError('WORKER_UNREACHABLE', 'the process stood still and its lease is in doubt')
}
