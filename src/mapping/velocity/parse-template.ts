import type {
  Block,
  Branch,
  DirectiveArgument,
  Expression,
  Macro,
  MacroCall,
  ParsedTemplate,
  Statement,
  TemplateReference,
} from './ast.ts'
import type { Cursor } from './cursor.ts'
import * as lexemes from './lexemes.ts'
import type { TemplateLimits } from './limits.ts'
import { escapedDirective, isControl } from './parse-escape.ts'
import { ExpressionParser } from './parse-expression.ts'

interface BlockEnd {
  readonly body: Block
  readonly end: 'end' | 'else' | 'elseif' | null
}

/** Parses a template as Velocity 1.7 does. Throws `TemplateSyntaxError`. */
export function parseTemplate(cursor: Cursor, limits: TemplateLimits): ParsedTemplate {
  return new TemplateParser(cursor, limits, new Map(), 0).template()
}

/** Parses statements, with one method for each construct. Expressions and references are in `ExpressionParser`. */
export class TemplateParser {
  private readonly cursor: Cursor
  private readonly limits: TemplateLimits
  private readonly macros: Map<string, Macro>
  private readonly expressions: ExpressionParser
  private depth: number

  constructor(cursor: Cursor, limits: TemplateLimits, macros: Map<string, Macro>, depth: number) {
    this.cursor = cursor
    this.limits = limits
    this.macros = macros
    this.depth = depth
    this.expressions = new ExpressionParser(cursor, limits, {
      depth: () => this.depth,
      nested: (inner, innerDepth) => new TemplateParser(inner, limits, macros, innerDepth).whole(),
    })
  }

  template(): ParsedTemplate {
    const body = this.whole()
    return { body, macros: [...this.macros.values()] }
  }

  /** Parses everything up to the end of the source. */
  whole(): Block {
    const start = this.cursor.at
    const { body, end } = this.block()
    if (end !== null) this.cursor.fail(`#${end} without a beginning`, start)
    return body
  }

  private block(): BlockEnd {
    if (++this.depth > this.limits.maxNesting) this.cursor.fail(`more than ${this.limits.maxNesting} levels of nesting`)
    const body: Statement[] = []
    let end: BlockEnd['end'] = null
    while (!this.cursor.done && end === null) end = this.statement(body)
    this.depth--
    return { body, end }
  }

  /** Adds what comes next to `body`, or says which directive ends the block. */
  private statement(body: Statement[]): BlockEnd['end'] {
    const { cursor } = this
    const text = (value: string) => body.push({ kind: 'text', text: value })
    if (cursor.match(lexemes.setStart) !== null) {
      body.push(this.set())
      return null
    }
    const plain = cursor.match(lexemes.plainText)
    if (plain !== null) {
      text(plain[0])
      return null
    }
    if (cursor.next === '#') return this.hash(body)
    const slashes = cursor.match(lexemes.slashRun)?.[0] ?? ''
    if (cursor.next === '$') this.dollar(slashes, body)
    else text(this.escape(slashes))
    return null
  }

  /** Parses a reference, or a dollar sign that is only that. */
  private dollar(slashes: string, body: Statement[]): void {
    const { cursor } = this
    const print = this.expressions.print(slashes.length)
    if (print !== null) {
      body.push(print)
      if (print.kind === 'print' && !print.reference.formal) this.afterReference(print.reference, body)
      return
    }
    // Two slips of Velocity's lexer that templates may have been written around: a `$` right before an #if, #else, #end
    // or #set vanishes, and so does the `!` of a `$!` that no name follows.
    cursor.at++
    if (cursor.look(lexemes.swallowing) === null) body.push({ kind: 'text', text: `${slashes}$` })
    cursor.match(lexemes.lostBang)
  }

  private afterReference({ links }: TemplateReference, body: Statement[]): void {
    // Velocity 1.7 does not see a comment that touches a property: `$a.b## c` prints the marks and goes on with ` c`.
    const marks = links.at(-1)?.kind === 'property' ? this.cursor.match(lexemes.loneMarks) : null
    const text = marks ?? this.cursor.match(lexemes.bracesAfterReference)
    if (text !== null) body.push({ kind: 'text', text: text[0] })
  }

  /** Parses backslashes that stand before something other than a reference. */
  private escape(slashes: string): string {
    const directive = this.cursor.look(lexemes.directiveName)
    if (directive === null) return slashes
    const name = directive[1] ?? directive[2] ?? ''
    if (slashes.length % 2 === 1) {
      this.cursor.at += directive[0].length
      return escapedDirective(slashes, directive[0], name, this.macros)
    }
    return isControl(directive[0], this.macros) ? slashes.slice(slashes.length / 2) : slashes
  }

  private hash(body: Statement[]): BlockEnd['end'] {
    const { cursor } = this
    if (cursor.match(lexemes.lineComment) !== null) return null
    if (cursor.take('#*')) {
      // Without an end the comment takes the rest of the template.
      while (!cursor.done && cursor.match(lexemes.commentPart)?.[0] !== '*#');
      return null
    }
    if (cursor.take('#[[')) {
      const end = cursor.source.indexOf(']]#', cursor.at)
      if (end < 0) cursor.fail('#[[ without ]]#', cursor.at - 3)
      body.push({ kind: 'text', text: cursor.source.slice(cursor.at, end) })
      cursor.at = end + 3
      return null
    }
    const start = cursor.at
    const found = cursor.match(lexemes.directiveName)
    if (found === null) {
      cursor.at++
      const number = cursor.match(lexemes.numberAfterHash)?.[0] ?? ''
      if (number !== '' || cursor.look(lexemes.setStart) === null) body.push({ kind: 'text', text: `#${number}` })
      return null
    }
    return this.directive(found[1] ?? found[2] ?? '', start, body)
  }

  private directive(name: string, start: number, body: Statement[]): BlockEnd['end'] {
    switch (name) {
      case 'end':
      case 'else':
        this.cursor.match(lexemes.restOfLine)
        return name
      case 'elseif':
        return name
      case 'if':
        body.push(this.if(start))
        return null
      case 'macro':
        this.macro(start)
        return null
      default: {
        const args = this.arguments()
        body.push(args === null ? this.bare(name, start) : this.withArguments(name, args, start))
        return null
      }
    }
  }

  private set(): Statement {
    const { cursor, expressions } = this
    expressions.space()
    const target = expressions.reference() ?? cursor.fail('#set needs a reference to assign to')
    expressions.space()
    if (!cursor.take('=')) cursor.fail("#set needs '='")
    const value = expressions.expression()
    this.close()
    return { kind: 'set', target, value }
  }

  private if(start: number): Statement {
    const branches: Branch[] = []
    let otherwise: Block | null = null
    let end: BlockEnd['end'] = 'elseif'
    while (end === 'elseif') {
      const test = this.test()
      const next = this.block()
      branches.push({ test, body: next.body })
      end = next.end
    }
    if (end === 'else') {
      const last = this.block()
      otherwise = last.body
      end = last.end
    }
    if (end !== 'end') this.cursor.fail(end === null ? '#if without #end' : `#${end} after #else`, start)
    return { kind: 'if', branches, otherwise }
  }

  private test(): Expression {
    if (this.cursor.match(lexemes.openParenthesis) === null) this.cursor.fail("expected '('")
    const test = this.expressions.expression()
    this.close()
    return test
  }

  private close(): void {
    if (this.cursor.match(lexemes.closing) === null) this.cursor.fail("expected ')'")
  }

  /** Parses arguments in parentheses with blanks or commas between them; null when no parenthesis follows. */
  private arguments(): DirectiveArgument[] | null {
    const { cursor, expressions } = this
    if (cursor.match(lexemes.openParenthesis) === null) return null
    const args: DirectiveArgument[] = []
    while (true) {
      expressions.space()
      if (cursor.take(',')) expressions.space()
      else if (cursor.match(lexemes.closing) !== null) return args
      args.push(expressions.argument())
    }
  }

  private bodyUntilEnd(name: string, start: number): Block {
    const { body, end } = this.block()
    if (end !== 'end') this.cursor.fail(end === null ? `#${name} without #end` : `#${end} inside #${name}`, start)
    return body
  }

  private bare(name: string, start: number): Statement {
    const position = this.cursor.position(start)
    if (name === 'stop') return { kind: 'stop' }
    if (name === 'break') return { kind: 'break', scope: null, position }
    if (needParentheses.has(name)) this.cursor.fail(`#${name} needs parentheses`, start)
    const text = this.cursor.since(start)
    return name.startsWith('@') ? { kind: 'text', text } : { kind: 'call', name, args: [], body: null, text, position }
  }

  private withArguments(name: string, args: readonly DirectiveArgument[], start: number): Statement {
    const { cursor } = this
    const position = cursor.position(start)
    switch (name) {
      case 'stop':
        return { kind: 'stop' }
      case 'break':
        return { kind: 'break', scope: args.length === 0 ? null : this.value(args[0], name, start), position }
      case 'foreach':
        return this.foreach(args, start)
      case 'define': {
        const [target] = args
        if (target?.kind !== 'reference') return cursor.fail('#define needs a reference', start)
        return { kind: 'define', name: target.reference.name, body: this.bodyUntilEnd(name, start) }
      }
      case 'evaluate': {
        const [source] = args
        if (args.length !== 1 || !isTemplateText(source)) {
          return cursor.fail('#evaluate needs one string or reference', start)
        }
        return { kind: 'evaluate', source, position }
      }
      case 'literal': {
        const from = cursor.at
        this.bodyUntilEnd(name, start)
        return { kind: 'text', text: cursor.since(from).replace(/#(?:end|\{end\})(?:[ \t]*(?:\r\n|\n|\r))?$/, '') }
      }
      case 'include':
      case 'parse':
        return cursor.fail(`#${name} has nothing to read from here`, start)
      default:
        return this.call(name, args, start)
    }
  }

  private call(name: string, args: readonly DirectiveArgument[], start: number): MacroCall {
    const position = this.cursor.position(start)
    if (!name.startsWith('@')) return { kind: 'call', name, args, body: null, text: this.cursor.since(start), position }
    const body = this.bodyUntilEnd(name, start)
    return { kind: 'call', name: name.slice(1), args, body, text: this.cursor.since(start), position }
  }

  private foreach(args: readonly DirectiveArgument[], start: number): Statement {
    const [element, word, over] = args
    if (args.length !== 3 || element?.kind !== 'reference' || word?.kind !== 'word') {
      this.cursor.fail('#foreach needs ($element in $list)', start)
    }
    const list = this.value(over, 'foreach', start)
    return { kind: 'foreach', name: element.reference.name, over: list, body: this.bodyUntilEnd('foreach', start) }
  }

  private value(arg: DirectiveArgument | undefined, name: string, start: number): Expression {
    if (arg === undefined || arg.kind === 'word') this.cursor.fail(`#${name} cannot take '${arg?.text ?? ''}'`, start)
    return arg
  }

  private macro(start: number): void {
    const args = this.arguments()
    const [name, ...parameters] = args ?? []
    if (name?.kind !== 'word') this.cursor.fail('#macro needs a name', start)
    const names = parameters.map((parameter): TemplateReference => {
      if (parameter.kind !== 'reference')
        this.cursor.fail(`#macro parameter '${parameter.text}' is no reference`, start)
      return parameter.reference
    })
    const body = this.bodyUntilEnd('macro', start)
    // The first of several macros with one name stays, as in Velocity.
    if (this.macros.has(name.text)) return
    this.macros.set(name.text, { name: name.text, parameters: names.map((reference) => reference.name), body })
  }
}

function isTemplateText(arg: DirectiveArgument | undefined): arg is Expression {
  return arg?.kind === 'reference' || arg?.kind === 'string' || arg?.kind === 'interpolated'
}

const needParentheses = new Set(['foreach', 'define', 'evaluate', 'literal', 'include', 'parse'])
