import { cpuUsage } from 'node:process'
import { TemplateRenderError } from './errors.ts'
import type { TemplateLimits } from './limits.ts'
import type { RootScope, Scope } from './scope.ts'

/** A compiled statement or block: does its work and prints into the run. */
export type Execute = (run: Run) => void

/** The keeper of account of the processor time of long renderings: those that look at the clock. Others never ask. */
export interface LongRenderings {
  /** Is called when a rendering turns out to be long; throws to end it. */
  begins(): void
  /** Is told how many milliseconds of processor time one took, whether it came to an end or not. */
  took(millis: number): void
}

export interface CompiledMacro {
  readonly parameters: readonly string[]
  readonly body: Execute
}

/** Characters that count as one step. */
const charactersPerStep = 64

/** Steps between two looks at the clock; a rendering that needs fewer never looks. */
const stepsPerLook = 2_048

/** One rendering: its output so far, its variables and what it may still use up. */
export class Run {
  out = ''
  scope: Scope
  readonly limits: TemplateLimits
  macros: ReadonlyMap<string, CompiledMacro>
  macroDepth = 0
  private readonly longOnes: LongRenderings | null
  private steps: number
  private nextLook: number
  private startedAt: NodeJS.CpuUsage | null = null

  constructor(
    scope: RootScope,
    macros: ReadonlyMap<string, CompiledMacro>,
    limits: TemplateLimits,
    longOnes: LongRenderings | null = null,
  ) {
    this.scope = scope
    this.macros = macros
    this.limits = limits
    this.longOnes = longOnes
    this.steps = limits.maxSteps
    this.nextLook = Math.max(0, limits.maxSteps - stepsPerLook)
  }

  /** Takes steps from the budget. */
  step(count = 1): void {
    this.steps -= count
    if (this.steps < this.nextLook) this.look()
  }

  /**
   * Looks at the clock. Steps are not all the same price, so a rendering that takes many of them is also held to a
   * time: the processor's, since a busy machine must not make a template fail. Other threads of the process count too;
   * they are few.
   */
  private look(): void {
    const { maxSteps, maxCpuMillis } = this.limits
    if (this.steps < 0) throw new TemplateRenderError(`template takes more than ${maxSteps} steps`)
    this.nextLook = Math.max(0, this.steps - stepsPerLook)
    if (this.startedAt === null) {
      this.longOnes?.begins()
      this.startedAt = cpuUsage()
    }
    const { user, system } = cpuUsage(this.startedAt)
    if (user + system > maxCpuMillis * 1000)
      throw new TemplateRenderError(`template takes more than ${maxCpuMillis} ms`)
  }

  /** Ends the rendering: books the processor time that it took, as far as it was measured. */
  end(): void {
    if (this.startedAt === null || this.longOnes === null) return
    const { user, system } = cpuUsage(this.startedAt)
    this.longOnes.took((user + system) / 1_000)
  }

  /** Takes the steps for handling so many characters, and refuses a string that could never be printed. */
  characters(count: number): void {
    this.limitLength(count)
    if (count >= charactersPerStep) this.step(Math.floor(count / charactersPerStep))
  }

  emit(text: string): void {
    this.out += text
    this.limitLength(this.out.length)
  }

  /** Refuses a string of this length. */
  limitLength(length: number): void {
    if (length > this.limits.maxOutputBytes) {
      throw new TemplateRenderError(`template makes more than ${this.limits.maxOutputBytes} bytes`)
    }
  }

  /** Runs `body` and gives what it prints as a string instead of as output. */
  capture(body: Execute): string {
    const before = this.out
    this.out = ''
    try {
      body(this)
      this.characters(this.out.length)
      return this.out
    } finally {
      this.out = before
    }
  }
}
