import { audienceNameRule, isAudienceName } from '../vocabulary/audience-name.ts'
import type { Frame } from '../vocabulary/frames.ts'
import { maxMessageBytes, textFrame } from '../vocabulary/frames.ts'
import type { ConnectionId } from '../vocabulary/ids.ts'
import { ownerOfConnectionId } from '../vocabulary/ids.ts'
import { judgeTerms, type SendTerms } from './send-query.ts'

/** The targets of one message of a batch: connections by their ids, groups or users by their names, or everyone. */
export type BatchTargets =
  | { readonly kind: 'connections'; readonly ids: readonly ConnectionId[] }
  | { readonly kind: 'group' | 'user'; readonly names: readonly string[] }
  | { readonly kind: 'all' }

/** One message of a batch, and whom it is for. */
export interface BatchItem {
  readonly targets: BatchTargets
  readonly frame: Frame
  readonly terms: SendTerms
}

/** The fault of an item: its HTTP status, and one sentence. */
export interface ItemFault {
  readonly status: 400 | 413
  readonly message: string
}

/** Connections, groups or users that one item may name. */
export const maxTargets = 100_000

const targetMembers = ['connectionIds', 'groups', 'users', 'all'] as const
const members: ReadonlySet<string> = new Set([
  ...targetMembers,
  ...['data', 'dataBase64', 'except', 'filter', 'coalesce', 'report', 'frame'],
])

/** Reads one item, which is any JSON value. */
export function readBatchItem(value: unknown): BatchItem | ItemFault {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return fault('an item is an object')
  const item = value as Readonly<Record<string, unknown>>
  for (const member in item) if (!members.has(member)) return fault(`an item has no member ${JSON.stringify(member)}`)
  const targets = readTargets(item)
  if (typeof targets === 'string') return fault(targets)
  const terms = readTerms(item)
  if (typeof terms === 'string') return fault(terms)
  const data = readData(item)
  if (typeof data === 'string') return fault(data)
  if (data.length > maxMessageBytes) return { status: 413, message: `a message has at most ${maxMessageBytes} bytes` }
  return { targets, frame: { data: terms.binary ? data : textFrame(data), binary: terms.binary }, terms }
}

function readTargets(item: Readonly<Record<string, unknown>>): BatchTargets | string {
  const given = targetMembers.filter((member) => item[member] !== undefined)
  const [member] = given
  if (member === undefined || given.length > 1) return 'an item has one of connectionIds, groups, users and all'
  const value = item[member]
  if (member === 'all') return value === true ? { kind: 'all' } : 'all is true'
  if (!Array.isArray(value) || value.length === 0) return `${member} is a list of texts`
  if (value.length > maxTargets) return `${member} has at most ${maxTargets} entries`
  const texts = value as unknown[]
  for (let at = 0; at < texts.length; at++) {
    const text = texts[at]
    if (typeof text !== 'string') return `${member}[${at}] is a text`
    if (member === 'connectionIds' ? ownerOfConnectionId(text) === -1 : !isAudienceName(text)) {
      return member === 'connectionIds'
        ? `${member}[${at}] is no connection id`
        : `${member}[${at}] has ${audienceNameRule}`
    }
  }
  if (member === 'connectionIds') return { kind: 'connections', ids: texts as ConnectionId[] }
  return { kind: member === 'groups' ? 'group' : 'user', names: texts as string[] }
}

function readTerms({
  except = [],
  filter,
  coalesce,
  report,
  frame,
}: Readonly<Record<string, unknown>>): SendTerms | string {
  if (!Array.isArray(except) || !except.every((id) => typeof id === 'string'))
    return 'except is a list of connection ids'
  for (const [name, value] of Object.entries({ filter, coalesce, report, frame })) {
    if (value !== undefined && typeof value !== 'string') return `${name} is a text`
  }
  const text = (value: unknown) => (typeof value === 'string' ? value : null)
  return judgeTerms({
    except: except as string[],
    ...{ filter: text(filter), coalesce: text(coalesce), report: text(report), frame: text(frame) },
  })
}

/** A letter that no base64 has, also where it is that of URLs. */
const notBase64 = /[^A-Za-z0-9+/=_-]/

function readData({ data, dataBase64 }: Readonly<Record<string, unknown>>): Uint8Array | string {
  if ((data === undefined) === (dataBase64 === undefined)) return 'an item has one of data and dataBase64'
  if (typeof data === 'string') return Buffer.from(data)
  if (typeof dataBase64 !== 'string' || notBase64.test(dataBase64)) {
    return data === undefined ? 'dataBase64 is a text in base64' : 'data is a text'
  }
  return Buffer.from(dataBase64, 'base64')
}

function fault(message: string): ItemFault {
  return { status: 400, message }
}
