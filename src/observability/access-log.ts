import { contextVariable, nearestContextVariable, type ReadContextVariable } from '../events/context-variables.ts'
import type { GatewayEvent } from '../events/event.ts'

/** AWS's limit on a format, in bytes. */
const maxFormatBytes = 3 * 1024
/** A value longer than this is cut: a backend's error text has no other bound. */
const maxValueLength = 4_096

/** A format that can't be used; the message says why and what to write instead. */
export class AccessLogFault extends Error {
  override readonly name = 'AccessLogFault'
}

/**
 * An access-log format of AWS (`$context` variables in any text: JSON, CSV, XML, Common Log Format), compiled at load
 * to a function that gives the line of one event, without a line feed.
 *
 * A variable that is not set prints `-`. Inside a value, quotes, backslashes and control characters are escaped as in
 * JSON, whatever the format, so that no User-Agent can break a JSON line, leave its quotes, or start a line of its own.
 * `$context.error.messageString` brings its quotes along and prints `"-"` when it is not set.
 *
 * Throws an `AccessLogFault` for an unknown variable, a format without `$context.requestId` (or its equal,
 * `extendedRequestId`), over 3 KB or of several lines.
 */
export function compileAccessLog(format: string): (event: GatewayEvent) => string {
  const template = format.trim()
  checkFormat(template)
  const literals: string[] = []
  const prints: ((event: GatewayEvent) => string)[] = []
  let rest = 0
  for (const { name, start, end } of variablesOf(template)) {
    literals.push(template.slice(rest, start))
    prints.push(printer(name))
    rest = end
  }
  const last = template.slice(rest)
  return function accessLogLine(event) {
    let line = ''
    for (let i = 0; i < prints.length; i++) line += (literals[i] as string) + prints[i]?.(event)
    return line + last
  }
}

/** Writes a line for each event it is called with; `destination` buffers and never blocks. */
export function createAccessLog(
  format: string,
  destination: { write(line: string): void },
): (event: GatewayEvent) => void {
  const line = compileAccessLog(format)
  return (event) => destination.write(`${line(event)}\n`)
}

function checkFormat(format: string): void {
  const bytes = Buffer.byteLength(format)
  if (bytes > maxFormatBytes)
    throw new AccessLogFault(`the format has ${bytes} bytes; at most ${maxFormatBytes} are allowed`)
  if (/[\r\n]/.test(format)) throw new AccessLogFault('the format must be one line (in YAML, write it after `>-`)')
  const wrong = /\$(?!context\.)\{?[A-Za-z][\w.]*/.exec(format)
  if (wrong !== null) throw new AccessLogFault(`${wrong[0]} is not a variable; access logs know $context.… only`)
  const names = Array.from(variablesOf(format), (variable) => variable.name)
  for (const name of names) if (contextVariable(name, 'logs') === null) throw new AccessLogFault(unknown(name))
  if (!names.includes('requestId') && !names.includes('extendedRequestId')) {
    throw new AccessLogFault('the format must contain $context.requestId')
  }
}

function unknown(name: string): string {
  const nearest = nearestContextVariable(name)
  return `there is no variable $context.${name}${nearest === null ? '' : `; did you mean $context.${nearest}?`}`
}

/** A hyphen may be part of an authorizer's property, and text between two variables: it counts inside a name only. */
function* variablesOf(format: string): Generator<{ name: string; start: number; end: number }> {
  for (const match of format.matchAll(/\$context\.(\w+(?:[.-]\w+)*)/g)) {
    let name = match[1] as string
    while (contextVariable(name, 'logs') === null && name.includes('-')) name = name.slice(0, name.lastIndexOf('-'))
    yield { name, start: match.index, end: match.index + '$context.'.length + name.length }
  }
}

function printer(name: string): (event: GatewayEvent) => string {
  const read = contextVariable(name, 'logs') as ReadContextVariable
  if (name === 'error.messageString') return (event) => String(read(event) ?? '"-"')
  return (event) => {
    const value = read(event)
    if (typeof value === 'number') return String(value)
    return value === null || value === undefined || value === '' ? '-' : escapeValue(value)
  }
}

// Quotes, backslashes, both sets of control characters, and the two line ends of Unicode.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const special = /["\\\u0000-\u001f\u007f-\u009f\u2028\u2029]/
const specialOutsideJson = /[\u007f-\u009f\u2028\u2029]/g

function escapeValue(value: string): string {
  const bounded = value.length > maxValueLength ? `${value.slice(0, maxValueLength)}…` : value
  if (!special.test(bounded)) return bounded
  return JSON.stringify(bounded)
    .slice(1, -1)
    .replace(specialOutsideJson, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
