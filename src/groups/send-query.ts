import { compileFilter } from '../filters/compile-filter.ts'
import type { SendOptions } from '../registry/group-contract.ts'
import { maxReported } from '../registry/report-contract.ts'
import { coalesceKeyRule, isCoalesceKey } from '../vocabulary/coalesce-key.ts'
import { type ConnectionId, ownerOfConnectionId } from '../vocabulary/ids.ts'

/** The answer that the caller of a send wants. */
export type ReportKind = 'none' | 'counts' | 'failures'

/** The terms of a send as its query has them. */
export interface SendTerms extends SendOptions {
  readonly report: ReportKind
  /** Whether a binary frame is asked for. */
  readonly binary: boolean
}

/** Connections that one send leaves out at most. */
export const maxExcept = 1_000
/** Connections that one answer names at most, of those that did not get the message: the others are in a report. */
export const maxFailures = 1_000

/** The terms of a send before they are judged: as texts, whatever place they come from. */
export interface GivenTerms {
  readonly except: readonly string[]
  readonly filter: string | null
  readonly coalesce: string | null
  readonly report: string | null
  readonly frame: string | null
}

/** Reads the query of a send: `except` (again and again, or with commas), `filter`, `coalesce`, `report`, `frame`. */
export function termsOfQuery(query: string): SendTerms | string {
  if (query === '') return usualTerms
  const parameters = new URLSearchParams(query)
  return judgeTerms({
    except: parameters.getAll('except').flatMap((each) => each.split(',')),
    filter: parameters.get('filter'),
    coalesce: parameters.get('coalesce'),
    report: parameters.get('report'),
    frame: parameters.get('frame'),
  })
}

/** Judges the terms of a send; gives one sentence that names the wrong one and what is allowed. */
export function judgeTerms({ except, filter, coalesce, report, frame }: GivenTerms): SendTerms | string {
  const ids = except.filter((each) => each !== '')
  if (ids.length > maxExcept) return `except names at most ${maxExcept} connections`
  const wrong = ids.find((id) => ownerOfConnectionId(id) === -1)
  if (wrong !== undefined) return `except: ${wrong} is no connection id`
  const fault = filter === null ? null : compileFilter(filter).fault
  if (fault !== null) return `filter: ${fault}`
  if (coalesce !== null && !isCoalesceKey(coalesce)) return coalesceKeyRule
  if (report !== null && !isReport(report)) return 'report is none, counts or failures'
  if (frame !== null && frame !== 'text' && frame !== 'binary') return 'frame is text or binary'
  return {
    except: ids as ConnectionId[],
    filter,
    coalesce,
    failures: report === 'failures' ? maxReported : 0,
    report: report ?? 'none',
    binary: frame === 'binary',
  }
}

/** The terms of a send that says none. */
export const usualTerms: SendTerms = {
  except: [],
  filter: null,
  coalesce: null,
  failures: 0,
  report: 'none',
  binary: false,
}

function isReport(text: string): text is ReportKind {
  return text === 'none' || text === 'counts' || text === 'failures'
}
