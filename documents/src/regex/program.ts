import type { Assertion, CharTest, Node, Pattern } from './ast.ts'
import { PatternError } from './pattern-error.ts'

/** One instruction of the matching machine. Numbers are places in the program. */
export type Instruction =
  | { readonly op: 'char'; readonly code: number }
  | { readonly op: 'set'; readonly test: CharTest }
  /** A fork: goes on at `first` and comes back to `second` when that fails. */
  | { readonly op: 'split'; first: number; second: number }
  | { readonly op: 'jump'; to: number }
  | { readonly op: 'save'; readonly slot: number }
  /** A check that fails when nothing was consumed since the slot was saved: it ends a loop over nothing. */
  | { readonly op: 'progress'; readonly slot: number }
  | { readonly op: 'assert'; readonly holds: Assertion }
  | { readonly op: 'reference'; readonly index: number; readonly ignoreCase: boolean }
  | { readonly op: 'look'; readonly program: Program; readonly behind: boolean; readonly negated: boolean }
  | { readonly op: 'atomic'; readonly program: Program }
  /** A loop over single characters, by far the most common one. */
  | { readonly op: 'run'; readonly test: CharTest; readonly min: number; readonly max: number; readonly lazy: boolean }
  | { readonly op: 'match' }

export type Program = readonly Instruction[]

export interface CompiledPattern {
  readonly program: Program
  /** Number of slots: captures take two a group, the whole match included; loops take one more each. */
  readonly slots: number
  readonly groups: number
  readonly names: ReadonlyMap<string, number>
  readonly literal: string | null
}

/**
 * Instructions of the longest program: loops with counts are unrolled, and this bounds what a small pattern can grow
 * to.
 */
const maxInstructions = 20_000

/** Turns a parsed pattern into a program. */
export function compilePattern({ node, groups, names, literal }: Pattern): CompiledPattern {
  const builder = new ProgramBuilder(groups)
  const program = builder.program(node)
  return { program, slots: builder.slots, groups, names, literal }
}

class ProgramBuilder {
  slots: number
  private count = 0
  private code: Instruction[] = []

  constructor(groups: number) {
    this.slots = 2 * (groups + 1)
  }

  program(node: Node): Program {
    const before = this.code
    this.code = []
    this.add(node)
    this.push({ op: 'match' })
    const program = this.code
    this.code = before
    return program
  }

  private push<T extends Instruction>(instruction: T): T {
    if (++this.count > maxInstructions) throw new PatternError('regular expression is too large')
    this.code.push(instruction)
    return instruction
  }

  private add(node: Node): void {
    switch (node.kind) {
      case 'empty':
        return
      case 'char':
        this.push({ op: 'char', code: node.code })
        return
      case 'set':
        this.push({ op: 'set', test: node.test })
        return
      case 'sequence':
        for (const item of node.items) this.add(item)
        return
      case 'choice':
        this.addChoice(node.options)
        return
      case 'group':
        this.push({ op: 'save', slot: 2 * node.index })
        this.add(node.body)
        this.push({ op: 'save', slot: 2 * node.index + 1 })
        return
      case 'reference':
        this.push({ op: 'reference', index: node.index, ignoreCase: node.ignoreCase })
        return
      case 'assertion':
        this.push({ op: 'assert', holds: node.holds })
        return
      case 'look':
        this.push({ op: 'look', program: this.program(node.body), behind: node.behind, negated: node.negated })
        return
      case 'atomic':
        this.push({ op: 'atomic', program: this.program(node.body) })
        return
      case 'repeat':
        this.addRepeat(node)
    }
  }

  private addChoice(options: readonly Node[]): void {
    const jumps: { to: number }[] = []
    for (const option of options.slice(0, -1)) {
      const split = this.push({ op: 'split', first: this.code.length + 1, second: 0 })
      this.add(option)
      jumps.push(this.push({ op: 'jump', to: 0 }))
      split.second = this.code.length
    }
    this.add(options.at(-1) ?? { kind: 'empty' })
    for (const jump of jumps) jump.to = this.code.length
  }

  private addRepeat(node: Extract<Node, { kind: 'repeat' }>): void {
    const { body, min, max, mode } = node
    if (mode === 'possessive') {
      this.push({ op: 'atomic', program: this.program({ ...node, mode: 'greedy' }) })
      return
    }
    const test = singleTest(body)
    if (test !== null) {
      this.push({ op: 'run', test, min, max, lazy: mode === 'lazy' })
      return
    }
    for (let i = 0; i < min; i++) this.add(body)
    if (max === Number.POSITIVE_INFINITY) this.addLoop(body, mode === 'lazy')
    else this.addOptional(body, max - min, mode === 'lazy')
  }

  private addLoop(body: Node, lazy: boolean): void {
    const slot = this.slots++
    const start = this.code.length
    const split = this.push({ op: 'split', first: 0, second: 0 })
    this.push({ op: 'save', slot })
    this.add(body)
    this.push({ op: 'progress', slot })
    this.push({ op: 'jump', to: start })
    this.branch(split, start + 1, this.code.length, lazy)
  }

  private addOptional(body: Node, count: number, lazy: boolean): void {
    const splits: { at: number; split: { first: number; second: number } }[] = []
    for (let i = 0; i < count; i++) {
      splits.push({ at: this.code.length, split: this.push({ op: 'split', first: 0, second: 0 }) })
      this.add(body)
    }
    for (const { at, split } of splits) this.branch(split, at + 1, this.code.length, lazy)
  }

  private branch(split: { first: number; second: number }, into: number, past: number, lazy: boolean): void {
    split.first = lazy ? past : into
    split.second = lazy ? into : past
  }
}

function singleTest(node: Node): CharTest | null {
  if (node.kind === 'set') return node.test
  if (node.kind !== 'char') return null
  const { code } = node
  return (found) => found === code
}
