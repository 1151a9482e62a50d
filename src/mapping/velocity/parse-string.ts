export interface StringLiteral {
  readonly value: string
  /** The place where the source goes on. */
  readonly end: number
  /** Whether the value is a template itself. */
  readonly interpolates: boolean
}

/**
 * Reads the string literal that starts at `start`; null when it has no end. A quote inside is written twice; a
 * backslash escapes nothing in Velocity 1.7 except, between double quotes, in `\u0041` (ASTStringLiteral).
 */
export function readString(source: string, start: number): StringLiteral | null {
  const quote = source[start] as string
  const end = findEnd(source, start, quote)
  if (end < 0) return null
  const raw = source.slice(start + 1, end - 1)
  const single = raw.replaceAll(quote + quote, quote)
  if (quote === "'") return { value: single, end, interpolates: false }
  const value = single.replace(/\\u([0-9a-fA-F]{4})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
  return { value, end, interpolates: /[$#]/.test(raw) }
}

/**
 * The place behind the literal, -1 without an end. The longest literal wins: a doubled quote goes on, unless no further
 * quote would ever close it.
 */
function findEnd(source: string, start: number, quote: string): number {
  let end = -1
  let at = start + 1
  while (true) {
    const found = source.indexOf(quote, at)
    if (found < 0) return end
    end = found + 1
    if (source[end] !== quote) return end
    at = end + 1
  }
}
