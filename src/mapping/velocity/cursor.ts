import { type Position, TemplateSyntaxError } from './errors.ts'

/** A place in a source text that only moves forward, and the ways to look at what comes next. */
export class Cursor {
  readonly source: string
  at = 0
  private readonly fixed: Position | null
  private lines: number[] | null = null

  /** Takes the place that every position gets, for text that comes out of a string literal; null to count. */
  constructor(source: string, fixed: Position | null = null) {
    this.source = source
    this.fixed = fixed
  }

  get done(): boolean {
    return this.at >= this.source.length
  }

  /** The next character, or an empty string at the end. */
  get next(): string {
    return this.source[this.at] ?? ''
  }

  /** Moves over the text if it comes next. */
  take(text: string): boolean {
    if (!this.source.startsWith(text, this.at)) return false
    this.at += text.length
    return true
  }

  /** Moves over what a sticky pattern matches here. */
  match(pattern: RegExp): RegExpExecArray | null {
    const match = this.look(pattern)
    if (match !== null) this.at += match[0].length
    return match
  }

  look(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at
    return pattern.exec(this.source)
  }

  since(start: number): string {
    return this.source.slice(start, this.at)
  }

  position(at: number = this.at): Position {
    if (this.fixed !== null) return this.fixed
    this.lines ??= lineStarts(this.source)
    let low = 0
    let high = this.lines.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.lines[middle] as number) <= at) low = middle
      else high = middle - 1
    }
    return { line: low + 1, column: at - (this.lines[low] as number) + 1 }
  }

  fail(message: string, at: number = this.at): never {
    throw new TemplateSyntaxError(message, this.position(at))
  }
}

function lineStarts(source: string): number[] {
  const starts = [0]
  for (const match of source.matchAll(/\r\n|\n|\r/g)) starts.push(match.index + match[0].length)
  return starts
}
