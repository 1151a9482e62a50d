/** The links that a list needs in its calls: two, so that a call costs no object of the list's own. */
export interface ListedCall<Call> {
  before: Call | null
  after: Call | null
}

/**
 * Calls in the order in which they came; a call stands in one list at a time. In place of a Set: under load a Set grows
 * a new table every hundred calls or so, each left table leads to the next, and once the first of them is old, V8 keeps
 * them all and every call in them until it looks through the whole heap, which was a quarter of the CPU time of a
 * proxied message (load/bench/README.md, row `proxy`).
 */
export class CallList<Call extends ListedCall<Call>> {
  #first: Call | null = null
  #last: Call | null = null
  #size = 0

  get size(): number {
    return this.#size
  }

  add(call: Call): void {
    call.before = this.#last
    if (this.#last === null) this.#first = call
    else this.#last.after = call
    this.#last = call
    this.#size++
  }

  /** Takes out a call, which has to stand in this list. */
  remove(call: Call): void {
    if (call.before === null) this.#first = call.after
    else call.before.after = call.after
    if (call.after === null) this.#last = call.before
    else call.after.before = call.before
    call.before = null
    call.after = null
    this.#size--
  }

  /** Takes the call that has been here longest. */
  shift(): Call | null {
    const call = this.#first
    if (call !== null) this.remove(call)
    return call
  }

  /** The calls of this moment, to be safe from what is done to them. */
  all(): Call[] {
    const calls: Call[] = []
    for (let call = this.#first; call !== null; call = call.after) calls.push(call)
    return calls
  }
}
