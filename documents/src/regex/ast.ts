/** A test whether a code point is in a set. */
export type CharTest = (code: number) => boolean

/** A parsed `java.util.regex` pattern. */
export type Node =
  | { readonly kind: 'empty' }
  | { readonly kind: 'char'; readonly code: number }
  | { readonly kind: 'set'; readonly test: CharTest }
  | { readonly kind: 'sequence'; readonly items: readonly Node[] }
  | { readonly kind: 'choice'; readonly options: readonly Node[] }
  | { readonly kind: 'group'; readonly index: number; readonly body: Node }
  | { readonly kind: 'reference'; readonly index: number; readonly ignoreCase: boolean }
  | { readonly kind: 'assertion'; readonly holds: Assertion }
  | { readonly kind: 'look'; readonly body: Node; readonly behind: boolean; readonly negated: boolean }
  | { readonly kind: 'atomic'; readonly body: Node }
  | {
      readonly kind: 'repeat'
      readonly body: Node
      readonly min: number
      readonly max: number
      readonly mode: RepeatMode
    }

export type RepeatMode = 'greedy' | 'lazy' | 'possessive'

/** A condition on a place between characters. */
export type Assertion = (text: string, at: number) => boolean

export interface Pattern {
  readonly node: Node
  readonly groups: number
  readonly names: ReadonlyMap<string, number>
  /** The text to look for, when the pattern is nothing but that. */
  readonly literal: string | null
}
