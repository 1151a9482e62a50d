import type { Position } from './errors.ts'
import type { NumberValue } from './value.ts'

export type Block = readonly Statement[]

export type Statement =
  | { readonly kind: 'text'; readonly text: string }
  | Print
  | { readonly kind: 'set'; readonly target: TemplateReference; readonly value: Expression }
  | { readonly kind: 'if'; readonly branches: readonly Branch[]; readonly otherwise: Block | null }
  | { readonly kind: 'foreach'; readonly name: string; readonly over: Expression; readonly body: Block }
  | { readonly kind: 'break'; readonly scope: Expression | null; readonly position: Position }
  | { readonly kind: 'stop' }
  | { readonly kind: 'define'; readonly name: string; readonly body: Block }
  | { readonly kind: 'evaluate'; readonly source: Expression; readonly position: Position }
  | MacroCall

/** A reference among text. */
export interface Print {
  readonly kind: 'print'
  readonly reference: TemplateReference
  /** The backslashes before the `$`: pairs print one each, an odd one escapes the reference if it has a value. */
  readonly slashes: number
}

export interface Branch {
  readonly test: Expression
  readonly body: Block
}

export interface MacroCall {
  readonly kind: 'call'
  readonly name: string
  readonly args: readonly DirectiveArgument[]
  /** The block that `#@name(…) … #end` hands over as `$bodyContent`; null in a call without one. */
  readonly body: Block | null
  /** The call as written, which is printed when there is no such macro. */
  readonly text: string
  readonly position: Position
}

export interface Macro {
  readonly name: string
  readonly parameters: readonly string[]
  readonly body: Block
}

export interface ParsedTemplate {
  readonly body: Block
  readonly macros: readonly Macro[]
}

export interface TemplateReference {
  readonly name: string
  readonly links: readonly Link[]
  /** Whether the reference is written `$!x`, which prints nothing where it has no value. */
  readonly quiet: boolean
  /**
   * Whether the reference is written `${x}`, which Velocity 1.7 does not assign to when it stands alone on the left of
   * a `#set`.
   */
  readonly formal: boolean
  /** The reference as written, from the `$` on. */
  readonly text: string
}

export type Link =
  | { readonly kind: 'property'; readonly name: string; readonly position: Position }
  | {
      readonly kind: 'method'
      readonly name: string
      readonly args: readonly Expression[]
      readonly position: Position
    }
  | { readonly kind: 'index'; readonly index: Expression; readonly position: Position }

export type Operator = '||' | '&&' | '==' | '!=' | '<' | '>' | '<=' | '>=' | '+' | '-' | '*' | '/' | '%'

export type Expression = (
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'interpolated'; readonly body: Block }
  | { readonly kind: 'number'; readonly value: NumberValue }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'reference'; readonly reference: TemplateReference }
  | { readonly kind: 'list'; readonly items: readonly Expression[] }
  | { readonly kind: 'map'; readonly entries: readonly (readonly [Expression, Expression])[] }
  | { readonly kind: 'range'; readonly from: Expression; readonly to: Expression }
  | { readonly kind: 'not'; readonly operand: Expression }
  | { readonly kind: 'binary'; readonly operator: Operator; readonly left: Expression; readonly right: Expression }
) & {
  /** The expression as written: Velocity prints it where a value is missing. */
  readonly text: string
}

/** A directive's argument; a word is what the `in` of `#foreach($x in $list)` is. */
export type DirectiveArgument = Expression | { readonly kind: 'word'; readonly text: string }
