// Plain JavaScript: the process of a function loads this file as it is, from the sources and from the build.
import { format } from 'node:util'

/**
 * The members of an error that its caller gets, in the form of Lambda's Node.js runtimes.
 * @typedef {{ errorType: string, errorMessage: string, trace: string[] }} FunctionError
 */

const maxMessage = 65_536
const maxTraceLines = 50
/** Limits on what the log gets of an error: causes below each other, members of one object, characters of all. */
const maxCauses = 4
const maxDepth = 3
const maxMembers = 20
const maxErrors = 8
const maxText = 2_048
const maxCharacters = 8_000

/** Own members of an error that are told by other names, or not told twice. */
const knownMembers = new Set(['name', 'message', 'stack', 'cause', 'errors', 'errorType', 'errorMessage', 'trace'])

/**
 * An error as the caller gets it. Never throws.
 * @param {unknown} error
 * @param {string} [errorType]
 * @returns {FunctionError}
 */
export function describeError(error, errorType) {
  try {
    if (isError(error)) {
      const { name, message, stack } = error
      return {
        errorType: errorType ?? String(name),
        errorMessage: String(message).slice(0, maxMessage),
        trace: String(stack).slice(0, maxMessage).split('\n').slice(0, maxTraceLines),
      }
    }
    const errorMessage = typeof error === 'string' ? error : format('%O', error)
    return { errorType: errorType ?? typeof error, errorMessage: errorMessage.slice(0, maxMessage), trace: [] }
  } catch {
    // A getter or a toString of the handler's threw.
    return { errorType: errorType ?? 'Error', errorMessage: 'an error that cannot be read', trace: [] }
  }
}

/**
 * An error as the log gets it: with its own members (`code`, `statusCode`), its causes, and the errors of an
 * AggregateError, as Lambda's runtimes log them. Members keep their names, by which the log knows what is a secret.
 * Bounded in depth and size; what refers to itself is told once. Never throws.
 * @param {unknown} error
 * @param {string} [errorType]
 * @returns {object}
 */
export function detailError(error, errorType) {
  /** @type {Told} */
  const told = { left: maxCharacters, seen: new Set() }
  if (!safely(() => isError(error), false)) return describeError(error, errorType)
  return errorMembers(/** @type {Error} */ (error), told, 0, errorType)
}

/** @typedef {{ left: number, seen: Set<unknown> }} Told */

/**
 * @param {Error} error
 * @param {Told} told
 * @param {number} causes
 * @param {string} [errorType]
 * @returns {Record<string, unknown>}
 */
function errorMembers(error, told, causes, errorType) {
  told.seen.add(error)
  const { errorType: name, errorMessage, trace } = describeError(error, errorType)
  /** @type {Record<string, unknown>} */
  const members = { errorType: text(name, told), errorMessage: text(errorMessage, told) }
  for (const [key, value] of ownMembers(error)) {
    if (!knownMembers.has(key)) members[key] = readable(value, told, 1, causes)
  }
  members.trace = trace.map((line) => text(line, told)).filter((line) => line !== '')
  const cause = safely(() => error.cause, undefined)
  if (cause !== undefined) members.cause = readable(cause, told, 1, causes + 1)
  const errors = safely(() => /** @type {AggregateError} */ (error).errors, undefined)
  if (Array.isArray(errors)) members.errors = items(errors, maxErrors, told, 1, causes + 1)
  return members
}

/**
 * @param {unknown} value
 * @param {Told} told
 * @param {number} depth
 * @param {number} causes
 * @returns {unknown}
 */
function readable(value, told, depth, causes) {
  if (typeof value === 'string') return text(value, told)
  if (typeof value === 'bigint' || typeof value === 'symbol') return text(String(value), told)
  if (typeof value === 'function') return '[function]'
  if (typeof value !== 'object' || value === null) return value
  if (told.seen.has(value)) return '[told already]'
  if (told.left <= 0) return '[…]'
  return safely(() => {
    if (isError(value)) return causes > maxCauses ? '[…]' : errorMembers(value, told, causes)
    if (value instanceof Date) return text(String(value.toJSON()), told)
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`
    if (depth > maxDepth) return '[…]'
    told.seen.add(value)
    if (Array.isArray(value)) return items(value, maxMembers, told, depth, causes)
    return Object.fromEntries(
      ownMembers(value).map(([key, member]) => [text(key, told), readable(member, told, depth + 1, causes)]),
    )
  }, '[unreadable]')
}

/**
 * @param {readonly unknown[]} list
 * @param {number} most
 * @param {Told} told
 * @param {number} depth
 * @param {number} causes
 * @returns {unknown[]}
 */
function items(list, most, told, depth, causes) {
  const readableItems = list.slice(0, most).map((item) => readable(item, told, depth + 1, causes))
  return list.length > most ? [...readableItems, `… ${list.length - most} more`] : readableItems
}

/**
 * @param {object} object
 * @returns {[string, unknown][]}
 */
function ownMembers(object) {
  const keys = safely(() => Object.keys(object), [])
  /** @type {[string, unknown][]} */
  const members = keys
    .slice(0, maxMembers)
    .map((key) => [key, safely(() => /** @type {Record<string, unknown>} */ (object)[key], '[unreadable]')])
  return keys.length > maxMembers ? [...members, ['…', `${keys.length - maxMembers} more`]] : members
}

/**
 * @param {string} value
 * @param {Told} told
 */
function text(value, told) {
  const room = Math.max(0, Math.min(maxText, told.left))
  told.left -= Math.min(value.length, room)
  return value.length <= room ? value : `${value.slice(0, room)}…`
}

/**
 * @param {unknown} value
 * @returns {value is Error}
 */
function isError(value) {
  return value instanceof Error || Object.prototype.toString.call(value) === '[object Error]'
}

/**
 * Reads from foreign code; gives `otherwise` when that throws.
 * @template Result
 * @param {() => Result} read
 * @param {Result} otherwise
 * @returns {Result}
 */
function safely(read, otherwise) {
  try {
    return read()
  } catch {
    return otherwise
  }
}
