import type { AudienceCount, AudienceOutcome, GroupPage, MemberPage, SendReport } from '../registry/group-contract.ts'
import type { ReportPage } from '../registry/report-contract.ts'
import type { SendFailure } from '../vocabulary/frames.ts'
import { maxFailures, type ReportKind } from './send-query.ts'

/** Keeps failures that are too many for one answer, and gives the id of the report. */
export type KeepReport = (failures: readonly SendFailure[]) => string

/**
 * The body that tells a caller what became of a send: the counts, and on demand who did not get the message. Of those who
 * are too many it has a first page, and says where the others are.
 */
export function reportJson(
  { targets, sent, full, gone, unreachable, failures }: SendReport,
  kind: ReportKind,
  keep: KeepReport,
): string {
  const counts = { targets, sent, full, gone, unreachable }
  if (kind !== 'failures') return JSON.stringify(counts)
  const more =
    failures.length > maxFailures
      ? { reportId: keep(failures), nextToken: String(maxFailures) }
      : { reportId: undefined }
  return JSON.stringify({
    ...{ ...counts, failures: failures.slice(0, maxFailures) },
    ...{ ...more, ...cut(full + gone, failures.length) },
  })
}

export function reportPageJson({ failures, cursor }: ReportPage): string {
  return JSON.stringify({ failures, nextToken: cursor })
}

/** The body of a 202 that says how many connections could not be asked for. */
export function unreachableJson({ unreachable }: SendReport): string {
  return JSON.stringify({ unreachable })
}

/** The number of failures that are named nowhere, where there are some. */
function cut(failed: number, named: number): { unnamed?: number } {
  return failed > named ? { unnamed: failed - named } : {}
}

export function countJson(name: string, { connections, unanswered, incomplete }: AudienceCount): string {
  return JSON.stringify({ group: name, connections, ...missing(unanswered, incomplete) })
}

export function membersJson({ connectionIds, cursor, unanswered, incomplete }: MemberPage): string {
  return JSON.stringify({ connectionIds, nextToken: cursor, ...missing(unanswered, incomplete) })
}

export function groupsJson({ groups, cursor, unanswered, incomplete }: GroupPage): string {
  const named = groups.map(({ name, connections }) => ({ group: name, connections }))
  return JSON.stringify({ groups: named, nextToken: cursor, ...missing(unanswered, incomplete) })
}

export function outcomeJson({ connections, tooMany, unreachable }: AudienceOutcome): string {
  return JSON.stringify({ connections, ...(tooMany > 0 && { tooMany }), ...(unreachable > 0 && { unreachable }) })
}

/** Whatever may be missing from an answer: workers that did not give one, and those that nobody can name. */
function missing(unanswered: readonly { readonly name: string }[], incomplete: boolean) {
  return {
    ...(unanswered.length > 0 && { unanswered: unanswered.map(({ name }) => name) }),
    ...(incomplete && { incomplete }),
  }
}
