import { audienceNameRule, isAudienceName } from '../vocabulary/audience-name.ts'
import type { Frame } from '../vocabulary/frames.ts'
import { maxMessageBytes, textFrame } from '../vocabulary/frames.ts'
import type { ConnectionId } from '../vocabulary/ids.ts'
import { ownerOfConnectionId } from '../vocabulary/ids.ts'
import { judgeTerms, type SendTerms, usualTerms } from './send-query.ts'

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

type TargetMember = 'connectionIds' | 'groups' | 'users' | 'all'
type DataMember = 'data' | 'dataBase64'

/** The members of an item, sorted in one walk over it. */
interface ItemMembers {
  target: TargetMember | null
  data: DataMember | null
  /** Whether there is one of an option. */
  hasOptions: boolean
}

/** Reads one item, which is any JSON value. Most have a target and data and nothing else. */
export function readBatchItem(value: unknown): BatchItem | ItemFault {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return fault('an item is an object')
  const item = value as Readonly<Record<string, unknown>>
  const members = sortMembers(item)
  if (typeof members === 'string') return fault(members)
  if (members.target === null) return fault(oneTarget)
  if (members.data === null) return fault(oneData)
  const targets = readTargets(members.target, item[members.target])
  if (typeof targets === 'string') return fault(targets)
  const terms = members.hasOptions ? readTerms(item) : usualTerms
  if (typeof terms === 'string') return fault(terms)
  return withData(members.data, item[members.data], targets, terms)
}

const oneTarget = 'an item has one of connectionIds, groups, users and all'
const oneData = 'an item has one of data and dataBase64'

function sortMembers(item: Readonly<Record<string, unknown>>): ItemMembers | string {
  const members: ItemMembers = { target: null, data: null, hasOptions: false }
  for (const member in item) {
    switch (member) {
      case 'connectionIds':
      case 'groups':
      case 'users':
      case 'all':
        if (members.target !== null) return oneTarget
        members.target = member
        break
      case 'data':
      case 'dataBase64':
        if (members.data !== null) return oneData
        members.data = member
        break
      case 'except':
      case 'filter':
      case 'coalesce':
      case 'report':
      case 'frame':
        members.hasOptions = true
        break
      default:
        return `an item has no member ${JSON.stringify(member)}`
    }
  }
  return members
}

function readTargets(member: TargetMember, value: unknown): BatchTargets | string {
  if (member === 'all') return value === true ? { kind: 'all' } : 'all is true'
  if (!Array.isArray(value) || value.length === 0) return `${member} is a list of texts`
  if (value.length > maxTargets) return `${member} has at most ${maxTargets} entries`
  const texts = value as unknown[]
  const isOne = member === 'connectionIds' ? isConnectionId : isAudienceName
  for (let at = 0; at < texts.length; at++) {
    const text = texts[at]
    if (typeof text !== 'string') return `${member}[${at}] is a text`
    if (isOne(text)) continue
    return `${member}[${at}] ${member === 'connectionIds' ? 'is no connection id' : `has ${audienceNameRule}`}`
  }
  if (member === 'connectionIds') return { kind: 'connections', ids: texts as ConnectionId[] }
  return { kind: member === 'groups' ? 'group' : 'user', names: texts as string[] }
}

function isConnectionId(text: string): boolean {
  return ownerOfConnectionId(text) !== -1
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

function withData(member: DataMember, value: unknown, targets: BatchTargets, terms: SendTerms): BatchItem | ItemFault {
  if (typeof value !== 'string') return fault(`${member} is a text${member === 'data' ? '' : ' in base64'}`)
  if (member === 'data') {
    // A string of n UTF-16 units is at most 3n bytes: only a long one has to be measured.
    if (value.length * 3 > maxMessageBytes && Buffer.byteLength(value) > maxMessageBytes) return tooLarge
    return { targets, frame: { data: terms.binary ? Buffer.from(value) : value, binary: terms.binary }, terms }
  }
  if (notBase64.test(value)) return fault('dataBase64 is a text in base64')
  const data = Buffer.from(value, 'base64')
  if (data.length > maxMessageBytes) return tooLarge
  return { targets, frame: { data: terms.binary ? data : textFrame(data), binary: terms.binary }, terms }
}

const tooLarge: ItemFault = { status: 413, message: `a message has at most ${maxMessageBytes} bytes` }

function fault(message: string): ItemFault {
  return { status: 400, message }
}
