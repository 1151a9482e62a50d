/** Names and values in the order and spelling in which they came or will go. A name may come more than once. */
export type HeaderList = readonly (readonly [name: string, value: string])[]

/**
 * Headers whose names and values the gateway made by itself, of constants and ids, so that they are safe to write
 * without a look at each character. Nothing that came from outside may stand in them.
 */
export interface OwnHeaders {
  readonly own: HeaderList
}

const validName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here
const invalidValue = /[\u0000-\u0008\u000a-\u001f\u007f]/

/**
 * Whether a header may be written to the wire (RFC 9110 §5.1, §5.5). uWebSockets.js checks neither names nor
 * values, so a CR or LF from a backend or a mapping would otherwise start a header of the attacker's choice.
 */
export function isSafeHeader(name: string, value: string): boolean {
  return validName.test(name) && !invalidValue.test(value)
}

/** The last value of a header, whatever its case; undefined when there is none. */
export function lastHeader(headers: HeaderList, lowerCaseName: string): string | undefined {
  for (let i = headers.length - 1; i >= 0; i--) {
    const header = headers[i] as readonly [string, string]
    if (header[0].length === lowerCaseName.length && header[0].toLowerCase() === lowerCaseName) return header[1]
  }
  return undefined
}

/**
 * A name as programs read it that take headers for variables (CGI, RFC 3875 §4.1.18, and what follows it): in lower case,
 * and without a difference between `_` and `-`. Whoever holds a header back has to hold back all that are read as it.
 */
export function readAs(name: string): string {
  const lowerCase = name.toLowerCase()
  return lowerCase.includes('_') ? lowerCase.replaceAll('_', '-') : lowerCase
}
