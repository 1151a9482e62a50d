import type { AudienceCount, AudienceOutcome, GroupPage, MemberPage, SendReport } from '../registry/group-contract.ts'
import type { ReportKind } from './send-query.ts'

/** The body that tells a caller what became of a send: the counts, and on demand who did not get the message. */
export function reportJson({ targets, sent, full, gone, unreachable, failures }: SendReport, kind: ReportKind): string {
  const counts = { targets, sent, full, gone, unreachable }
  return JSON.stringify(kind === 'failures' ? { ...counts, failures, ...cut(full + gone, failures.length) } : counts)
}

/** The body of a 202 that says how many connections could not be asked for. */
export function unreachableJson({ unreachable }: SendReport): string {
  return JSON.stringify({ unreachable })
}

/** The number of failures that are not named, where there are some. */
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
