import { maxCloseReasonBytes, mayCloseWith } from '../../vocabulary/close-frame.ts'
import { maxMessageBytes } from '../../vocabulary/frames.ts'
import { ownerOfConnectionId } from '../../vocabulary/ids.ts'
import type { Audience, Group, LocalGroups } from '../group-contract.ts'
import type { KeptReports } from '../kept-reports.ts'
import { maxReported } from '../report-contract.ts'
import { answerCodes, type PeerAnswer, type PeerQuestion, questionKinds, sendCodes } from './envelope.ts'
import type { GroupDirectory } from './group-directory.ts'
import {
  maxListed,
  nameableIn,
  readAudience,
  readGroup,
  readSelection,
  readSend,
  readSendIf,
  wireGroups,
  wireReport,
  wireReportPage,
} from './group-wire.ts'
import type { Peers } from './peers.ts'

export interface GroupAnswererOptions {
  readonly local: LocalGroups
  readonly directory: Pick<GroupDirectory, 'stored' | 'found'>
  readonly reports: Pick<KeptReports, 'read'>
  readonly peers: Pick<Peers, 'spareBytes'>
}

/** Joins whose entry is being stored for others. */
const maxJoining = 10_000

/**
 * Creates the answerer of this worker to questions of others about its groups: it gives a promise where an entry is stored
 * first, and null for a question of another kind. Never throws, never rejects. What does not make sense is refused.
 */
export function createGroupAnswerer({
  local,
  directory,
  reports,
  peers,
}: GroupAnswererOptions): (question: PeerQuestion) => PeerAnswer | Promise<PeerAnswer> | null {
  let joining = 0

  /** Answers when others can find the group here; refuses where that can't be known. */
  function whenStored(group: Group, answer: PeerAnswer): PeerAnswer | Promise<PeerAnswer> {
    const stored = directory.stored(group)
    if (stored === null) return answer
    const refused: PeerAnswer = [answer[0], answerCodes.refused, null]
    if (joining >= maxJoining) return refused
    joining++
    return stored.then((done) => (done ? answer : refused)).finally(() => joining--)
  }

  /** Has an entry of this worker taken away by which it was asked in vain. */
  function noteIfEmpty(audience: Audience, answered: number): void {
    if (answered === 0 && audience.kind !== 'all') directory.found(audience, true)
  }

  return function answer([number, kind, id, apiId, first, second]) {
    const refused: PeerAnswer = [number, answerCodes.refused, null]
    const done = (payload: unknown): PeerAnswer => [number, answerCodes.done, payload]
    switch (kind) {
      case questionKinds.send: {
        const read = readSend(apiId, second)
        if (read === null || !isMessage(first)) return refused
        const { audience, binary, options } = read
        // What waits to be answered must not be left out for names.
        const failures = Math.min(options.failures, nameableIn(peers.spareBytes))
        const report = local.send(audience, { data: first, binary }, { ...options, failures })
        noteIfEmpty(audience, report.targets)
        return done(wireReport(report))
      }
      case questionKinds.sendIf: {
        const read = readSendIf(second)
        if (read === null || !isMessage(first)) return refused
        const { binary, filter, coalesce } = read
        return [
          number,
          sendCodes[local.sendIf(id, { data: first, binary, coalesce }, filter, apiId ?? undefined)],
          null,
        ]
      }
      case questionKinds.closeAll: {
        const [stage, of, name, except, filter] = items(first)
        const [code = null, reason = null] = items(second)
        const audience = readAudience(apiId, [stage, of, name])
        const selection = readSelection(except, filter)
        if (audience === null || selection === null || !isCode(code) || !isReason(reason)) return refused
        return done([local.close(audience, selection, code, reason)])
      }
      case questionKinds.join: {
        const group = readGroup(apiId, first, second)
        if (group === null) return refused
        const outcome = local.join(id, group)
        return outcome === 'joined' ? whenStored(group, done(null)) : [number, answerCodes[outcome], null]
      }
      case questionKinds.leave: {
        const group = readGroup(apiId, first, second)
        if (group === null) return refused
        return [number, local.leave(id, group) === 'left' ? answerCodes.done : answerCodes.gone, null]
      }
      case questionKinds.joinAll:
      case questionKinds.leaveAll: {
        const audience = readAudience(apiId, first)
        const group = audience === null ? null : readGroup(apiId, audience.stage, second)
        if (audience === null || group === null) return refused
        if (kind === questionKinds.leaveAll) return done([local.leaveAll(audience, group)])
        const { joined, tooMany } = local.joinAll(audience, group)
        return joined === 0 ? done([joined, tooMany]) : whenStored(group, done([joined, tooMany]))
      }
      case questionKinds.size: {
        const audience = readAudience(apiId, first)
        if (audience === null) return refused
        const size = local.size(audience)
        noteIfEmpty(audience, size)
        return done([size])
      }
      case questionKinds.members: {
        const audience = readAudience(apiId, first)
        const [cursor, limit] = items(second)
        if (audience === null || !isLimit(limit)) return refused
        const from = typeof cursor === 'string' && ownerOfConnectionId(cursor) !== -1 ? cursor : null
        const page = local.members(audience, from, limit)
        return done([page.connectionIds, page.cursor])
      }
      case questionKinds.groups: {
        const place = readAudience(apiId, [first, 'all', ''])
        const [after, limit] = items(second)
        if (place === null || !isLimit(limit)) return refused
        return done(wireGroups(local.groups(place.apiId, place.stage, typeof after === 'string' ? after : null, limit)))
      }
      case questionKinds.report: {
        const place = readAudience(apiId, [first, 'all', ''])
        const [from, limit] = items(second)
        if (place === null || !isPlace(from) || !isLimit(limit)) return refused
        const room = nameableIn(peers.spareBytes)
        if (room === 0) return refused
        const page = reports.read(place, id, from, Math.min(limit, room))
        return page === null ? [number, answerCodes.gone, null] : done(wireReportPage(page))
      }
      default:
        return null
    }
  }
}

function isMessage(value: unknown): value is string | Uint8Array {
  return (typeof value === 'string' || value instanceof Uint8Array) && value.length <= maxMessageBytes
}

function isPlace(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= maxReported
}

function items(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function isLimit(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= maxListed
}

function isCode(value: unknown): value is number | null {
  return value === null || (typeof value === 'number' && mayCloseWith(value))
}

function isReason(value: unknown): value is string | null {
  return value === null || (typeof value === 'string' && Buffer.byteLength(value) <= maxCloseReasonBytes)
}
