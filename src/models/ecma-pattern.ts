import { PatternError } from 'postern-documents/regex/pattern-error'

/** A pattern of ECMA-262 in the words of the engine that matches in bounded time. */
export interface TranslatedPattern {
  readonly source: string
  /** Whether it can only match at the beginning of a text. */
  readonly anchored: boolean
}

/**
 * Translates a regular expression of ECMA-262, which is what JSON Schema has (JSON Schema Core, "Regular Expressions"),
 * into one of java.util.regex that means the same. Throws `PatternError` for what is none. A word boundary looks at
 * Unicode letters too.
 */
export function translateEcmaPattern(pattern: string): TranslatedPattern {
  if (!isEcma(pattern, 'u') && !isEcma(pattern, '')) {
    throw new PatternError(`${JSON.stringify(pattern.slice(0, 80))} is no regular expression`)
  }
  return new Translator(pattern).translate()
}

function isEcma(pattern: string, flags: string): boolean {
  try {
    new RegExp(pattern, flags)
    return true
  } catch {
    return false
  }
}

const space =
  '\\t\\n\\x0B\\f\\r \\xA0\\x{1680}\\x{2000}-\\x{200A}\\x{2028}\\x{2029}\\x{202F}\\x{205F}\\x{3000}\\x{FEFF}'
const notLineEnd = '[^\\n\\r\\x{2028}\\x{2029}]'
const every = '\\x{0}-\\x{10FFFF}'

class Translator {
  readonly #pattern: string
  #at = 0
  #out = ''

  constructor(pattern: string) {
    this.#pattern = pattern
  }

  translate(): TranslatedPattern {
    let depth = 0
    let alternatives = false
    while (this.#at < this.#pattern.length) {
      const char = this.#next()
      if (char === '\\') this.#escape(false)
      else if (char === '[') this.#class()
      else if (char === '.') this.#out += notLineEnd
      else if (char === '$') this.#out += '\\z'
      else if (char === '{') this.#out += this.#take(/\d+(?:,\d*)?\}/y, (count) => `{${count}`) ?? '\\{'
      else {
        if (char === '(') {
          depth++
          this.#refuseModifiers()
        } else if (char === ')') depth--
        else if (char === '|' && depth === 0) alternatives = true
        this.#out += char
      }
    }
    return { source: this.#out, anchored: this.#pattern.startsWith('^') && !alternatives }
  }

  #next(): string {
    return this.#pattern[this.#at++] as string
  }

  #take(form: RegExp, write: (found: string) => string): string | null {
    form.lastIndex = this.#at
    const found = form.exec(this.#pattern)?.[0]
    if (found === undefined) return null
    this.#at += found.length
    return write(found)
  }

  /** Only newer Node.js know `(?i:…)`: a definition means the same on every one. */
  #refuseModifiers(): void {
    const group = /\?(?![:=!]|<[=!]|<[A-Za-z])/y
    group.lastIndex = this.#at
    if (group.test(this.#pattern))
      throw new PatternError('a group may begin with (?:, (?=, (?!, (?<=, (?<! or (?<name>')
  }

  #class(): void {
    const negated = this.#pattern[this.#at] === '^'
    if (negated) this.#at++
    if (this.#pattern[this.#at] === ']') {
      this.#at++
      this.#out += negated ? `[${every}]` : `[^${every}]`
      return
    }
    this.#out += negated ? '[^' : '['
    for (let char = this.#next(); char !== ']'; char = this.#next()) {
      if (char === '\\') this.#escape(true)
      else this.#out += char === '[' || char === '&' || char === '^' ? `\\${char}` : char
    }
    this.#out += ']'
  }

  #escape(inClass: boolean): void {
    this.#out += this.#codeEscape() ?? this.#letterEscape(this.#next(), inClass)
  }

  /** Translates an escape by number; two halves of a character are one. */
  #codeEscape(): string | null {
    const pair = /u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})/y
    return (
      this.#take(pair, (found) => {
        const [high = '', low = ''] = found.slice(1).split('\\u')
        const code = String.fromCharCode(Number.parseInt(high, 16), Number.parseInt(low, 16)).codePointAt(0) ?? 0
        return `\\x{${code.toString(16)}}`
      }) ??
      this.#take(/u\{[0-9a-fA-F]{1,6}\}/y, (found) => `\\x${found.slice(1)}`) ??
      this.#take(/u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|c[A-Za-z]|[pP]\{[^}]*\}|k<[A-Za-z]\w*>/y, (found) => `\\${found}`)
    )
  }

  #letterEscape(char: string, inClass: boolean): string {
    switch (char) {
      case 's':
        return inClass ? space : `[${space}]`
      case 'S':
        return `[^${space}]`
      case 'v':
        return '\\x0B'
      case '0':
        return '\\x00'
      case 'b':
        return inClass ? '\\x08' : '\\b'
    }
    // Without the flag u every other letter stands for itself.
    return /[A-Za-z]/.test(char) && !/[dDwWtnrfB]/.test(char) ? char : `\\${char}`
  }
}
