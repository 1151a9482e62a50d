import { cpuUsage } from 'node:process'
import type { Budget } from 'postern-documents/regex/budget'

/** Steps between two looks at the clock; judging an ordinary message takes fewer and never looks. */
const stepsPerLook = 2_048

/** The steps and the processor time that may be used up. */
export interface BudgetLimits {
  readonly maxSteps: number
  readonly maxCpuMillis: number
}

/** The limits for judging one body: enough for 128 KB under any schema that is not made to be slow. */
export const bodyLimits: BudgetLimits = { maxSteps: 1_000_000, maxCpuMillis: 100 }
/** The limits for judging a schema by the schema of its draft. */
export const schemaLimits: BudgetLimits = { maxSteps: 10_000_000, maxCpuMillis: 5_000 }

/** Thrown when a budget is used up; the message says which limit it was. */
export class BudgetSpentError extends Error {
  override readonly name = 'BudgetSpentError'
}

/**
 * The budget of one validation at a time. Compiled schemas take their steps from `left` themselves and call `look` once
 * it falls below `nextLook`; every keyword is a step, and large values or keywords are more.
 */
export class ValidationBudget implements Budget {
  left = 0
  nextLook = 0
  #limits: BudgetLimits = bodyLimits
  #startedAt: NodeJS.CpuUsage | null = null
  #counted: object | null = null
  #count = 0

  /** Starts a validation. */
  start(limits: BudgetLimits): void {
    this.#limits = limits
    this.#startedAt = null
    this.#counted = null
    this.left = limits.maxSteps
    this.nextLook = limits.maxSteps - stepsPerLook
  }

  /** Gives the milliseconds that the last validation took, once; 0 for one that was too short to look at the clock. */
  took(): number {
    if (this.#startedAt === null) return 0
    const { user, system } = cpuUsage(this.#startedAt)
    this.#startedAt = null
    return (user + system) / 1_000
  }

  step(count = 1): void {
    this.left -= count
    if (this.left < this.nextLook) this.look()
  }

  characters(count: number): void {
    this.step(count >> 6)
  }

  limitLength(): void {}

  /** Takes the steps of a keyword that looks at every member of an object. */
  members(object: object): void {
    if (object !== this.#counted) {
      this.#counted = object
      this.#count = Object.keys(object).length
    }
    this.step(this.#count >> 2)
  }

  /** Looks at the clock, the processor's: a busy machine must not make a message fail. */
  look(): void {
    const { maxSteps, maxCpuMillis } = this.#limits
    if (this.left < 0) throw new BudgetSpentError(`takes more than ${maxSteps} steps`)
    this.nextLook = Math.max(0, this.left - stepsPerLook)
    this.#startedAt ??= cpuUsage()
    const { user, system } = cpuUsage(this.#startedAt)
    if (user + system > maxCpuMillis * 1_000) throw new BudgetSpentError(`takes more than ${maxCpuMillis} ms`)
  }
}
