/** A place in a template; line and column are counted from 1. */
export interface Position {
  readonly line: number
  readonly column: number
}

/** A template that cannot be compiled. */
export class TemplateSyntaxError extends Error {
  override readonly name = 'TemplateSyntaxError'
  readonly line: number
  readonly column: number
  constructor(message: string, { line, column }: Position) {
    super(`${message} (line ${line}, column ${column})`)
    this.line = line
    this.column = column
  }
}

/** A rendering that was given up: a limit reached, or a method that Java would leave with an exception. */
export class TemplateRenderError extends Error {
  override readonly name: string = 'TemplateRenderError'
}
