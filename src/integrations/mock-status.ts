const token = /\s*(?:("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|([{}[\],:])|([^\s{}[\],:"']+))/y
const whole = /^-?\d+$/

type Token = { readonly text: string; readonly quoted: boolean } | null

/**
 * The integer `statusCode` of a MOCK's rendered request, null when there is none. AWS reads it leniently ("Set up mock
 * integrations"): names without quotes and trailing commas pass, but the number must not be quoted. Reads only the top
 * level, without building values, so that neither depth nor size of a message matters.
 */
export function readMockStatus(text: string): number | null {
  let at = 0
  let status: number | null = null

  function next(): Token {
    token.lastIndex = at
    const match = token.exec(text)
    if (match === null) return null
    at = token.lastIndex
    return { text: match[1] ?? match[2] ?? (match[3] as string), quoted: match[1] !== undefined }
  }

  /** The token that follows the value which starts with `first`; its brackets must pair. */
  function skipValue(first: Token): Token {
    let depth = 0
    for (let each = first; each !== null; each = next()) {
      const bracket = each.quoted ? '' : each.text
      if (bracket === '{' || bracket === '[') depth++
      else if (bracket === '}' || bracket === ']') depth--
      else if (depth === 0 && (bracket === ',' || bracket === ':')) return null
      if (depth === 0) return next()
    }
    return null
  }

  if (next()?.text !== '{') return null
  let name = next()
  while (name !== null && (name.quoted || name.text !== '}')) {
    if (next()?.text !== ':') return null
    const value = next()
    if (nameOf(name) === 'statusCode') {
      status = value !== null && !value.quoted && whole.test(value.text) ? Number(value.text) : null
    }
    const after = skipValue(value)
    if (after === null || after.quoted) return null
    if (after.text === '}') name = after
    else if (after.text === ',') name = next()
    else return null
  }
  const complete = name !== null && text.slice(at).trim() === ''
  return complete && status !== null && status >= 100 && status <= 599 ? status : null
}

function nameOf({ text, quoted }: NonNullable<Token>): string {
  return quoted ? text.slice(1, -1) : text
}
