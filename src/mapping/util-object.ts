import { fromPlain, readJson } from './json.ts'
import { objectLines } from './methods/object.ts'
import { TemplateRenderError } from './velocity/errors.ts'
import { HostObject } from './velocity/host-object.ts'
import { anyObject, type MethodTable, method, methodTable, type Overload } from './velocity/method.ts'
import type { Run } from './velocity/run.ts'
import { printed } from './velocity/text.ts'
import { missing, type Value } from './velocity/value.ts'

/**
 * The object behind `$util` ("API Gateway mapping template and access logging variable reference"). It has no state, so
 * one object serves every rendering.
 */
class UtilObject extends HostObject {
  readonly role = 'util'
  readonly methods = utilMethods

  property(): null {
    return null
  }

  assign(): boolean {
    return false
  }

  asMap(): null {
    return null
  }

  text(): string {
    return 'util'
  }
}

/**
 * One function of `$util`, which takes a string. Given anything else it takes the text that this prints; given nothing
 * it gives nothing.
 */
function textFunction(name: string, call: (text: string, run: Run) => Value): [string, Overload] {
  return method(name, [anyObject], (_: UtilObject, [value]: readonly [Value], run) => {
    if (value === null) return null
    const text = printed(value, run)
    run.characters(text.length * 4)
    return call(text, run)
  })
}

const utilMethods: MethodTable = methodTable(
  ...objectLines,
  textFunction('escapeJavaScript', escapeJavaScript),
  textFunction('parseJson', parseJsonText),
  textFunction('urlEncode', urlEncode),
  textFunction('urlDecode', urlDecode),
  textFunction('base64Encode', (text) => Buffer.from(text, 'utf8').toString('base64')),
  textFunction('base64Decode', (text) => Buffer.from(text, 'base64').toString('utf8')),
)

export const utilObject: HostObject = new UtilObject()

const named: Readonly<Record<string, string>> = { '\b': '\\b', '\t': '\\t', '\n': '\\n', '\f': '\\f', '\r': '\\r' }

/**
 * Escapes both quotes, the slash, control characters and everything beyond ASCII, as StringEscapeUtils.escapeJavaScript
 * of Apache Commons Lang does. An escaped `'` is no JSON: AWS's page on `$util` tells authors to undo it.
 */
function escapeJavaScript(text: string, run: Run): string {
  return text.replace(/["'\\/]|[^ -~]/g, (char) => {
    run.step()
    if (char >= ' ' && char <= '~') return `\\${char}`
    const code = char.charCodeAt(0)
    if (code === 0x7f) return char
    return named[char] ?? `\\u${code.toString(16).toUpperCase().padStart(4, '0')}`
  })
}

function parseJsonText(text: string, run: Run): Value {
  if (text === '') return missing
  try {
    return fromPlain(readJson(text, run))
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw new TemplateRenderError(`$util.parseJson: ${error.message}`, { cause: error })
  }
}

/** Characters that are encoded or decoded at once, between two looks at the budget. */
const pieceLength = 4_096

/** Calls `make` for a text piece by piece; a piece ends at a place where `isWhole` finds nothing cut in two. */
function inPieces(text: string, run: Run, isWhole: (at: number) => boolean, make: (piece: string) => string): string {
  let result = ''
  for (let from = 0, to = 0; from < text.length; from = to) {
    to = Math.min(text.length, from + pieceLength)
    while (to < text.length && !isWhole(to)) to++
    run.step((to - from) >> 3)
    result += make(text.slice(from, to))
  }
  return result
}

// Form encoding (java.net.URLEncoder): a space becomes a plus, and only the marks . - * _ stay as they are.
function urlEncode(text: string, run: Run): string {
  const isWhole = (at: number) => (text.charCodeAt(at) & 0xfc00) !== 0xdc00
  return inPieces(text, run, isWhole, (piece) =>
    // Half of a surrogate pair has no UTF-8; Java puts a question mark for it.
    encodeURIComponent(piece.replace(/\p{Surrogate}/gu, '?'))
      .replace(/[!'()~]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
      .replaceAll('%20', '+'),
  )
}

function urlDecode(text: string, run: Run): string {
  if (/%(?![0-9a-fA-F]{2})/.test(text)) throw new TemplateRenderError('$util.urlDecode: incomplete % escape')
  // Bytes of one character stand side by side: a row of escapes is never cut.
  const isWhole = (at: number) => !text.slice(at - 2, at + 1).includes('%')
  return inPieces(text, run, isWhole, (piece) =>
    piece
      .replaceAll('+', ' ')
      .replace(/(?:%[0-9a-fA-F]{2})+/g, (row) => Buffer.from(row.replaceAll('%', ''), 'hex').toString('utf8')),
  )
}
