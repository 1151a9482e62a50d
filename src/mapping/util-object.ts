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

// Form encoding (java.net.URLEncoder): a space becomes a plus, and only the marks . - * _ stay as they are.
function urlEncode(text: string): string {
  // Half of a surrogate pair has no UTF-8; Java puts a question mark for it.
  return encodeURIComponent(text.replace(/\p{Surrogate}/gu, '?'))
    .replace(/[!'()~]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+')
}

function urlDecode(text: string): string {
  const bytes = text
    .replaceAll('+', ' ')
    .replace(/(?:%[0-9a-fA-F]{2})+/g, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'))
  if (/%(?![0-9a-fA-F]{2})/.test(text)) throw new TemplateRenderError('$util.urlDecode: incomplete % escape')
  return bytes
}
