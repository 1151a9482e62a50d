import { type OwnerId, ownerOfConnectionId } from '../../vocabulary/ids.ts'
import { type KeptReports, placeOfCursor } from '../kept-reports.ts'
import type { Reports } from '../report-contract.ts'
import { answerCodes, questionKinds } from './envelope.ts'
import { readReportPage } from './group-wire.ts'
import type { Peers } from './peers.ts'

export interface FleetReportsOptions {
  readonly kept: KeptReports
  readonly peers: Pick<Peers, 'ask'>
  readonly own: () => OwnerId
  /** Whether a worker is known to be dead, without asking. */
  readonly isDead: (owner: OwnerId) => boolean
  /** Tells why no other worker can be reached; null while they can. */
  readonly trouble: () => string | null
}

/** Creates the way to the reports of all workers: each is kept by the one that its id names. */
export function createFleetReports({ kept, peers, own, isDead, trouble }: FleetReportsOptions): Reports {
  return {
    keepReport: kept.keep,
    async readReport(place, id, cursor, limit) {
      const from = placeOfCursor(cursor)
      const owner = ownerOfConnectionId(id)
      if (owner === -1 || isDead(owner)) return 'gone'
      if (owner === own()) return kept.read(place, id, from, limit) ?? 'gone'
      if (trouble() !== null) return 'unreachable'
      const { apiId, stage } = place
      const outcome = await peers.ask(owner, questionKinds.report, id, apiId, stage, [from, limit])
      if (typeof outcome === 'string') return outcome
      if (outcome[1] === answerCodes.gone) return 'gone'
      return (outcome[1] === answerCodes.done ? readReportPage(outcome[2], from, limit) : null) ?? 'unreachable'
    },
  }
}
