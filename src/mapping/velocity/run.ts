import { cpuUsage } from 'node:process'
import { TemplateRenderError } from './errors.ts'
import type { TemplateLimits } from './limits.ts'
import type { RootScope, Scope } from './scope.ts'

/** A compiled statement or block: does its work and prints into the run. */
export type Execute = (run: Run) => void

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
  private steps: number
  private nextLook: number
  private startedAt: NodeJS.CpuUsage | null = null

  constructor(scope: RootScope, macros: ReadonlyMap<string, CompiledMacro>, limits: TemplateLimits) {
    this.scope = scope
    this.macros = macros
    this.limits = limits
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
    this.startedAt ??= cpuUsage()
    const { user, system } = cpuUsage(this.startedAt)
    if (user + system > maxCpuMillis * 1000)
      throw new TemplateRenderError(`template takes more than ${maxCpuMillis} ms`)
  }

  /** Milliseconds of processor time, as far as they were measured: 0 for a rendering that needed no look at the clock. */
  millis(): number {
    if (this.startedAt === null) return 0
    const { user, system } = cpuUsage(this.startedAt)
    return (user + system) / 1_000
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
