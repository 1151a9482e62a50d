import { audienceNameRule, isAudienceName } from './audience-name.ts'
import type { ConnectionAttributes, ConnectionRecord } from './connection.ts'

/** Attributes that a connection may have, and the bytes of UTF-8 of all their names and values together. */
export const maxAttributes = 32
export const maxAttributesBytes = 2_048

/** The names that attributes may have, in the words of a fault. */
export const attributeNameRule = 'a name of a letter and up to 63 letters, digits, - and _'
export const userIdRule = `a text of ${audienceNameRule}`
/** Half of a surrogate pair, which UTF-8 can't carry. */
const loneSurrogate = /\p{Surrogate}/u
/** The form of the name of an attribute. */
export const attributeName = /^[A-Za-z][\w-]{0,63}$/

/**
 * A change of what is known of a connection's user: a member that is absent stays as it was, null takes it away, and
 * attributes replace all that were there.
 */
export interface UserChange {
  readonly userId?: string | null
  readonly attributes?: ConnectionAttributes | null
}

/** The first fault of a change: the member that is wrong (`attributes.plan`, empty for the whole), and what is allowed. */
export interface UserChangeFault {
  readonly place: string
  readonly message: string
  /** Whether it is but too much of what is allowed otherwise. */
  readonly isTooLarge: boolean
}

export function isAttributeName(text: string): boolean {
  return attributeName.test(text)
}

/** The user whom an authorizer names; null where it names none, or one whose name is too long to be an id. */
export function principalUser(authorizer: ConnectionRecord['authorizer']): string | null {
  if (!authorizer || !Object.hasOwn(authorizer, 'principalId')) return null
  const { principalId } = authorizer
  return principalId !== undefined && isAudienceName(principalId) ? principalId : null
}

/** The user of a connection; null for nobody that is known. */
export function userIdOf({ userId, authorizer }: Pick<ConnectionRecord, 'userId' | 'authorizer'>): string | null {
  return userId === undefined ? principalUser(authorizer) : userId
}

/** Reads a change that anybody may have written: `{"userId": …, "attributes": {…}}` with nothing else in it. */
export function readUserChange(value: unknown): UserChange | UserChangeFault {
  if (!isObject(value)) return fault('', 'a JSON object with userId, attributes or both')
  const change: { userId?: string | null; attributes?: ConnectionAttributes | null } = {}
  for (const [name, member] of Object.entries(value)) {
    if (name === 'userId') {
      if (member !== null && !(typeof member === 'string' && isAudienceName(member))) {
        return fault(name, `${userIdRule}, or null for none`)
      }
      change.userId = member
    } else if (name === 'attributes') {
      const attributes = member === null ? null : readAttributes(member)
      if (attributes !== null && 'place' in attributes) return attributes
      change.attributes = attributes === null ? null : attributes.read
    } else return fault(shortened(name), 'known are userId and attributes')
  }
  if (change.userId === undefined && change.attributes === undefined) return fault('', 'userId, attributes or both')
  return change
}

export function isUserChangeFault(read: UserChange | UserChangeFault): read is UserChangeFault {
  return 'place' in read
}

function readAttributes(value: unknown): { readonly read: ConnectionAttributes | null } | UserChangeFault {
  if (!isObject(value)) return fault('attributes', 'an object with texts by name, or null for none')
  const entries = Object.entries(value)
  if (entries.length > maxAttributes) return fault('attributes', `at most ${maxAttributes} attributes`, true)
  const read: Record<string, string> = {}
  let bytes = 0
  for (const [name, text] of entries) {
    const place = `attributes.${shortened(name)}`
    if (!isAttributeName(name)) return fault(place, attributeNameRule)
    if (typeof text !== 'string') return fault(place, 'a text (numbers, true and false in quotes)')
    if (loneSurrogate.test(text)) return fault(place, 'a text of whole characters: it has one half of a surrogate pair')
    bytes += name.length + Buffer.byteLength(text)
    if (bytes > maxAttributesBytes) {
      return fault('attributes', `at most ${maxAttributesBytes} bytes of names and values`, true)
    }
    read[name] = text
  }
  return { read: entries.length === 0 ? null : read }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function fault(place: string, message: string, isTooLarge = false): UserChangeFault {
  return { place, message, isTooLarge }
}

function shortened(name: string): string {
  return name.length > 64 ? `${name.slice(0, 64)}…` : name
}
