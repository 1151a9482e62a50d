import type { Budget } from './budget.ts'
import type { CompiledPattern, Instruction, Program } from './program.ts'
import { otherCase } from './sets.ts'

/** Instructions, or characters of a loop, that count as one step of the rendering. */
const instructionsPerStep = 3

/**
 * Matches by backtracking on a stack of its own, counted against the budget of the rendering: a pattern that would
 * take for ever ends with an error, and deep repetition cannot overflow the JavaScript stack.
 */
export class Machine {
  private readonly text: string
  private readonly run: Budget
  private readonly slots: Int32Array
  private spent = 0

  constructor(pattern: CompiledPattern, text: string, run: Budget) {
    this.text = text
    this.run = run
    this.slots = new Int32Array(pattern.slots)
  }

  /** The captures of a match that starts exactly at `at`, as pairs of start and end; null without one. */
  matchAt(program: Program, at: number, wholeText: boolean): Int32Array | null {
    this.slots.fill(-1)
    const end = this.execute(program, at, wholeText ? this.text.length : -1)
    if (end < 0) return null
    this.slots[0] = at
    this.slots[1] = end
    return this.slots
  }

  private spend(count: number): void {
    this.spent += count
    if (this.spent < instructionsPerStep) return
    this.run.step(Math.floor(this.spent / instructionsPerStep))
    this.spent %= instructionsPerStep
  }

  /**
   * Runs the program and gives the place where the match ends, -1 without one. `required` is the only end that counts,
   * or -1 for any.
   */
  private execute(program: Program, start: number, required: number): number {
    // Entries of three: [place, position, 0] to go on from, or [-1 - slot, old value, 0] to restore.
    // A character loop adds [place, position, other end], to be shortened or lengthened by one character each time.
    const stack: number[] = []
    let place = 0
    let at = start
    while (true) {
      this.spend(1)
      const instruction = program[place] as Instruction
      if (instruction.op === 'match' && (required < 0 || at === required)) return at
      const next = this.advance(instruction, place, at, stack)
      if (next >= 0) {
        place = this.place
        at = next
        continue
      }
      if (!this.backtrack(program, stack)) return -1
      place = this.place
      at = this.at
    }
  }

  private place = 0
  private at = 0

  /** Executes one instruction at `place`; gives the position to go on from at `this.place`, or -1 for failure. */
  private advance(instruction: Instruction, place: number, at: number, stack: number[]): number {
    this.place = place + 1
    switch (instruction.op) {
      case 'char':
        return this.codeAt(at) === instruction.code ? at + width(instruction.code) : -1
      case 'set': {
        const code = this.codeAt(at)
        return code >= 0 && instruction.test(code) ? at + width(code) : -1
      }
      case 'split':
        stack.push(instruction.second, at, 0)
        this.place = instruction.first
        return at
      case 'jump':
        this.place = instruction.to
        return at
      case 'save':
        stack.push(-1 - instruction.slot, this.slots[instruction.slot] as number, 0)
        this.slots[instruction.slot] = at
        return at
      case 'progress':
        return this.slots[instruction.slot] === at ? -1 : at
      case 'assert':
        return instruction.holds(this.text, at) ? at : -1
      case 'reference':
        return this.repeatGroup(instruction.index, instruction.ignoreCase, at)
      case 'look':
        return this.look(instruction, at, stack)
      case 'atomic':
        return this.inner(instruction.program, at, -1, stack)
      case 'run':
        return this.loop(instruction, place, at, stack)
      case 'match':
        return -1
    }
  }

  private backtrack(program: Program, stack: number[]): boolean {
    while (stack.length > 0) {
      this.spend(1)
      const extra = stack.pop() as number
      const value = stack.pop() as number
      const place = stack.pop() as number
      if (place < 0) {
        this.slots[-1 - place] = value
        continue
      }
      const instruction = program[place] as Instruction
      if (instruction.op === 'run' && extra !== 0) {
        if (!this.resume(instruction, place, value, extra, stack)) continue
        return true
      }
      this.place = place
      this.at = value
      return true
    }
    return false
  }

  private loop(loop: Extract<Instruction, { op: 'run' }>, place: number, at: number, stack: number[]): number {
    const wanted = loop.lazy ? loop.min : loop.max
    let end = at
    let count = 0
    let least = at
    while (count < wanted) {
      const code = this.codeAt(end)
      if (code < 0 || !loop.test(code)) break
      end += width(code)
      if (++count === loop.min) least = end
    }
    this.spend(count)
    if (count < loop.min) return -1
    // The other end is stored off by one, since 0 marks an entry that is no loop.
    if (loop.lazy) stack.push(place, end, 1 + loop.max - count)
    else if (end > least) stack.push(place, end, 1 + least)
    return end
  }

  /** Takes one character more (lazy) or less (greedy) into a loop that was left before. */
  private resume(
    loop: Extract<Instruction, { op: 'run' }>,
    place: number,
    end: number,
    extra: number,
    stack: number[],
  ): boolean {
    if (loop.lazy) {
      const code = this.codeAt(end)
      if (extra <= 1 || code < 0 || !loop.test(code)) return false
      this.at = end + width(code)
      stack.push(place, this.at, extra - 1)
    } else {
      this.at = end - (isPair(this.text, end - 2) && end - 2 >= extra - 1 ? 2 : 1)
      if (this.at > extra - 1) stack.push(place, this.at, extra)
    }
    this.place = place + 1
    return true
  }

  private repeatGroup(index: number, ignoreCase: boolean, at: number): number {
    const start = this.slots[2 * index] ?? -1
    const end = this.slots[2 * index + 1] ?? -1
    if (start < 0 || end < 0) return -1
    this.spend(end - start)
    for (let i = 0; i < end - start; i++) {
      const [a, b] = [this.text.charCodeAt(start + i), this.text.charCodeAt(at + i)]
      if (a !== b && !(ignoreCase && otherCase(a) === b)) return -1
    }
    return at + end - start
  }

  private look(look: Extract<Instruction, { op: 'look' }>, at: number, stack: number[]): number {
    const before = this.slots.slice()
    let found = false
    for (let start = at; start >= 0 && !found; start--) {
      found = this.inner(look.program, start, look.behind ? at : -1, stack) >= 0
      if (!look.behind) break
    }
    if (look.negated) this.slots.set(before)
    return found === look.negated ? -1 : at
  }

  /** Runs a program of its own; what it captured is undone when the outer one backtracks. */
  private inner(program: Program, at: number, required: number, stack: number[]): number {
    const place = this.place
    const before = this.slots.slice()
    const end = this.execute(program, at, required)
    this.place = place
    if (end < 0) {
      this.slots.set(before)
      return -1
    }
    this.spend(before.length)
    before.forEach((value, slot) => {
      if (value !== this.slots[slot]) stack.push(-1 - slot, value, 0)
    })
    return end
  }

  private codeAt(at: number): number {
    return at < this.text.length ? (this.text.codePointAt(at) as number) : -1
  }
}

function width(code: number): number {
  return code > 0xffff ? 2 : 1
}

function isPair(text: string, at: number): boolean {
  return at >= 0 && (text.codePointAt(at) as number) > 0xffff
}
