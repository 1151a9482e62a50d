import { hideSecrets } from 'postern-documents/hide-secrets'

const maxDepth = 6
const maxCauses = 8
const maxItems = 50
const maxErrors = 8
const maxText = 8_192

const masked = '[redacted]'
/**
 * The ends of names, without their punctuation, whose values are secrets: `Authorization`, `x-api-key`, `clientSecret`,
 * `X-Amz-Security-Token`.
 */
const secretName = /(authorization|cookie|password|passphrase|secret|token|signature|credential|apikey|privatekey)s?$/
/** Secrets inside messages that are no part of a URL. */
const credentials = /\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi

/**
 * Fields as they may be written to a log: members with the name of a secret masked, at any depth and in header lists
 * too; errors with code, stack and causes; everything bounded, so that a log line never outgrows what it tells of.
 */
export function readableFields(fields: object): Record<string, unknown> {
  try {
    return members(fields, 0)
  } catch (error) {
    // A getter or toJSON of foreign code; the message of the line is still worth having.
    return { unreadableFields: String(error) }
  }
}

function members(object: object, depth: number): Record<string, unknown> {
  const readable: [string, unknown][] = []
  for (const [name, value] of Object.entries(object)) {
    if (readable.length === maxItems) {
      readable.push(['…', 'more'])
      break
    }
    readable.push([name, named(name, value, depth)])
  }
  return Object.fromEntries(readable)
}

function named(name: string, value: unknown, depth: number): unknown {
  return isSecretName(name) && mayHoldSecret(value) ? masked : readable(value, depth + 1)
}

function readable(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return text(value)
  if (typeof value === 'bigint') return String(value)
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Error) return errorFields(value, depth, maxCauses)
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString()
  if (depth > maxDepth) return '[…]'
  return Array.isArray(value) ? items(value, depth) : members(value, depth)
}

function items(list: readonly unknown[], depth: number): unknown {
  const [name, value] = list
  // One header of a list of headers.
  if (list.length === 2 && typeof name === 'string') return [text(name), named(name, value, depth)]
  const readableItems = list.slice(0, maxItems).map((item) => readable(item, depth + 1))
  return list.length > maxItems ? [...readableItems, `… ${list.length - maxItems} more`] : readableItems
}

function errorFields(error: Error, depth: number, causesLeft: number): Record<string, unknown> {
  const own = depth > maxDepth ? {} : members(error, depth)
  const cause =
    error.cause === undefined || causesLeft === 0
      ? {}
      : {
          cause:
            error.cause instanceof Error
              ? errorFields(error.cause, depth + 1, causesLeft - 1)
              : readable(error.cause, depth + 1),
        }
  const stack = text(error.stack ?? '')
  return {
    type: error.name,
    message: text(error.message),
    ...own,
    stack,
    ...cause,
    ...errorsOf(error, depth, causesLeft),
  }
}

/** The errors of an AggregateError, such as one for each address of a name that nobody listens on. */
function errorsOf(error: Error, depth: number, causesLeft: number): { errors?: unknown[] } {
  if (!(error instanceof AggregateError) || causesLeft === 0) return {}
  const errors = error.errors
    .slice(0, maxErrors)
    .map((each: unknown) =>
      each instanceof Error ? errorFields(each, depth + 2, Math.min(causesLeft - 1, 1)) : readable(each, depth + 2),
    )
  const more = error.errors.length - errors.length
  return { errors: more > 0 ? [...errors, `… ${more} more`] : errors }
}

function isSecretName(name: string): boolean {
  return secretName.test(name.toLowerCase().replaceAll(/[-_.\s]/g, ''))
}

function mayHoldSecret(value: unknown): boolean {
  return (typeof value === 'string' && value !== '') || (typeof value === 'object' && value !== null)
}

function text(value: string): string {
  const bounded = value.length > maxText ? `${value.slice(0, maxText)}… (${value.length} characters)` : value
  return hideSecrets(bounded, masked).replaceAll(credentials, `$1 ${masked}`)
}
