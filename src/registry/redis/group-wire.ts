import { maxAudienceNameBytes } from '../../vocabulary/audience-name.ts'
import type { SendFailure } from '../../vocabulary/frames.ts'
import { type ConnectionId, type OwnerId, ownerOfConnectionId } from '../../vocabulary/ids.ts'
import type { Audience, Group, GroupCount, LocalMembers, Selection, SendOptions } from '../group-contract.ts'
import { type PackedFailures, packFailures, readPacked } from '../packed-failures.ts'
import { maxReported, type ReportPage } from '../report-contract.ts'

/*
 * Groups as they stand in envelopes. All that is read was written by anybody: each reader gives null for what is none.
 */

/** An audience but its API, which stands in front of it. */
export type WireAudience = readonly [stage: string, kind: string, name: string]
export type WireSelection = readonly [except: readonly string[], filter: string | null]
/** The terms of a send, with its audience and whether its frame is binary. */
export type WireSend = readonly [
  ...WireAudience,
  binary: boolean,
  ...WireSelection,
  coalesce: string | null,
  failures: number,
]
type WireReport = readonly [
  sent: number,
  full: number,
  gone: number,
  failures: readonly (readonly [string, number])[],
  /** The failures behind them, which a worker of an earlier version neither asks for nor tells. */
  rest?: PackedFailures,
]

/** The numbers of one worker's report. */
export interface LocalReport {
  readonly sent: number
  readonly full: number
  readonly gone: number
  readonly failures: readonly SendFailure[]
}

/** Bytes that a named failure takes in an answer at most, as `wireSize` reckons. */
const nameBytes = 74

/**
 * The failures that an answer may name while so many bytes are spare: a part of what has room, so that the answers behind
 * it can name some too.
 */
export function nameableIn(spareBytes: number): number {
  return Math.floor(spareBytes / (16 * nameBytes))
}

/** Failures that one answer names one by one, before the others, and connections that one question leaves out. */
const maxFailures = 1_000
const maxExcept = 10_000
/** Characters of a filter, of a key under which messages replace each other, and of the name of a stage. */
const maxFilterLength = 4_096
const maxKeyLength = 1_024
const maxStageLength = 256
/** Members, or groups, in one answer. */
export const maxListed = 1_000

export function wireAudience({ stage, kind, name }: Audience): WireAudience {
  return [stage, kind, name]
}

export function wireSelection({ except, filter }: Selection): WireSelection {
  return [except, filter]
}

export function wireSend(audience: Audience, binary: boolean, options: SendOptions): WireSend {
  const { coalesce, failures } = options
  return [...wireAudience(audience), binary, ...wireSelection(options), coalesce, Math.min(failures, maxReported)]
}

export function readAudience(apiId: unknown, value: unknown): Audience | null {
  if (!Array.isArray(value)) return null
  const [stage, kind, name] = value as readonly unknown[]
  if (!isPlace(apiId) || !isPlace(stage)) return null
  if (kind === 'all') return name === '' ? { apiId, stage, kind, name } : null
  if (kind !== 'group' && kind !== 'user') return null
  return isName(name) ? { apiId, stage, kind, name } : null
}

export function readGroup(apiId: unknown, stage: unknown, name: unknown): Group | null {
  return isPlace(apiId) && isPlace(stage) && isName(name) ? { apiId, stage, kind: 'group', name } : null
}

export function readSelection(except: unknown, filter: unknown): Selection | null {
  if (!Array.isArray(except) || except.length > maxExcept) return null
  if (!except.every((id): id is string => typeof id === 'string')) return null
  if (filter !== null && !isFilter(filter)) return null
  return { except, filter }
}

/** The terms of a send; `binary` goes with its frame. */
export function readSend(
  apiId: unknown,
  value: unknown,
): { readonly audience: Audience; readonly binary: boolean; readonly options: SendOptions } | null {
  if (!Array.isArray(value)) return null
  const [stage, kind, name, binary, except, filter, coalesce, failures] = value as readonly unknown[]
  const audience = readAudience(apiId, [stage, kind, name])
  const selection = readSelection(except, filter)
  if (audience === null || selection === null || typeof binary !== 'boolean' || !isCount(failures)) return null
  if (!isKey(coalesce)) return null
  return { audience, binary, options: { ...selection, coalesce, failures: Math.min(failures, maxReported) } }
}

/** The terms of a message for one connection: whether it is binary, the filter, and the key under which it replaces. */
export function readSendIf(
  value: unknown,
): { readonly binary: boolean; readonly filter: string; readonly coalesce: string | null } | null {
  if (!Array.isArray(value)) return null
  const [binary, filter, coalesce] = value as readonly unknown[]
  if (typeof binary !== 'boolean' || !isFilter(filter) || !isKey(coalesce)) return null
  return { binary, filter, coalesce }
}

const reasons = ['full', 'gone'] as const

export function wireReport({ sent, full, gone, failures }: LocalReport): WireReport {
  const first = failures.slice(0, maxFailures)
  const named = first.map(({ connectionId, reason }) => [connectionId, reasons.indexOf(reason)] as const)
  return failures.length <= maxFailures
    ? [sent, full, gone, named]
    : [sent, full, gone, named, packFailures(failures.slice(maxFailures))]
}

/** Reads the report of a worker, which names its own connections alone. */
export function readReport(value: unknown, owner: OwnerId): LocalReport | null {
  if (!Array.isArray(value)) return null
  const [sent, full, gone, named, packed = ''] = value as readonly unknown[]
  if (!isCount(sent) || !isCount(full) || !isCount(gone) || !Array.isArray(named)) return null
  if (named.length > maxFailures) return null
  const failures: SendFailure[] = []
  for (const each of named as unknown[]) {
    const [connectionId, code] = Array.isArray(each) ? (each as unknown[]) : []
    const reason = typeof code === 'number' ? reasons[code] : undefined
    if (!isIdOf(owner, connectionId) || reason === undefined) return null
    failures.push({ connectionId, reason })
  }
  const rest = readPacked(packed, maxReported, owner)
  return rest === null ? null : { sent, full, gone, failures: rest.length === 0 ? failures : [...failures, ...rest] }
}

export function wireReportPage({ failures, cursor }: ReportPage): readonly [PackedFailures, string | null] {
  return [packFailures(failures), cursor]
}

/** Reads a page of a report that another worker keeps, of connections of any worker. */
export function readReportPage(value: unknown, from: number, limit: number): ReportPage | null {
  if (!Array.isArray(value)) return null
  const [packed, cursor] = value as readonly unknown[]
  const failures = readPacked(packed, limit, null)
  if (failures === null || (cursor !== null && cursor !== String(from + failures.length))) return null
  return { failures, cursor }
}

export function readMembers(value: unknown, owner: OwnerId, limit: number): LocalMembers | null {
  if (!Array.isArray(value)) return null
  const [ids, cursor] = value as readonly unknown[]
  if (!Array.isArray(ids) || ids.length > limit || (cursor !== null && !isIdOf(owner, cursor))) return null
  if (!ids.every((id): id is ConnectionId => isIdOf(owner, id))) return null
  return { connectionIds: ids, cursor }
}

export function wireGroups(groups: readonly GroupCount[]): readonly (readonly [string, number])[] {
  return groups.map(({ name, connections }) => [name, connections] as const)
}

/** Reads the groups of a worker that come behind a name, by name. */
export function readGroups(value: unknown, after: string | null, limit: number): readonly GroupCount[] | null {
  if (!Array.isArray(value) || value.length > limit) return null
  const groups: GroupCount[] = []
  let last = after
  for (const each of value as unknown[]) {
    const [name, connections] = Array.isArray(each) ? (each as unknown[]) : []
    if (!isName(name) || !isCount(connections) || (last !== null && name <= last)) return null
    groups.push({ name, connections })
    last = name
  }
  return groups
}

/** Reads one number, or two, of connections. */
export function readNumbers(value: unknown): readonly [number, number] | null {
  if (!Array.isArray(value)) return null
  const [first, second = 0] = value as readonly unknown[]
  return isCount(first) && isCount(second) ? [first, second] : null
}

function isIdOf(owner: OwnerId, value: unknown): value is ConnectionId {
  return typeof value === 'string' && ownerOfConnectionId(value) === owner
}

function isFilter(value: unknown): value is string {
  return typeof value === 'string' && value.length <= maxFilterLength
}

function isKey(value: unknown): value is string | null {
  return value === null || (typeof value === 'string' && value.length <= maxKeyLength)
}

function isPlace(value: unknown): value is string {
  return typeof value === 'string' && value.length <= maxStageLength && !value.includes('/')
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && Buffer.byteLength(value) <= maxAudienceNameBytes
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
