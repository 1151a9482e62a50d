/**
 * One step of a pipeline: null to go on with the next one, else what ends the pipeline. A step that has to wait gives
 * a promise of that; one that has not gives the plain value, and then nothing is waited for.
 */
export type Step<Carrier, End> = (carrier: Carrier) => End | null | Promise<End | null>

export interface PipelineOptions<Carrier, End> {
  /** The steps in their order. Each sees what the ones before it have left on the carrier. */
  readonly steps: readonly Step<Carrier, End>[]
  /**
   * Called before anything is awaited, still inside the synchronous part in which the pipeline was started: what later
   * steps need of things that end with it (a request of the server underneath) has to be copied now. Called again
   * with every further step that waits. `left` is how many steps there are behind the one that waits. Left out where the
   * carrier holds copies from the start.
   */
  readonly beforeAwait?: (carrier: Carrier, left: number) => void
  /** Called once for each carrier unless a step failed: with what ended it, or null behind the last step. */
  readonly ended: (carrier: Carrier, end: End | null) => void
  /** Called instead of `ended` with what a step threw or rejected with. */
  readonly failed: (carrier: Carrier, error: unknown) => void
}

/**
 * Makes the function that takes a carrier through the steps. Where no step waits, it costs the calls of the steps and
 * nothing else: no promise, no closure, and `ended` has run when it returns.
 */
export function createPipeline<Carrier, End>(options: PipelineOptions<Carrier, End>): (carrier: Carrier) => void {
  const { steps, beforeAwait, ended, failed } = options

  function runFrom(first: number, carrier: Carrier): void {
    for (let at = first; at < steps.length; at++) {
      let end: End | null | Promise<End | null>
      try {
        end = (steps[at] as Step<Carrier, End>)(carrier)
      } catch (error) {
        return failed(carrier, error)
      }
      if (end instanceof Promise) return runAfter(end, at + 1, carrier)
      if (end !== null) return ended(carrier, end)
    }
    ended(carrier, null)
  }

  function runAfter(pending: Promise<End | null>, next: number, carrier: Carrier): void {
    beforeAwait?.(carrier, steps.length - next)
    pending.then(
      (end) => (end === null ? runFrom(next, carrier) : ended(carrier, end)),
      (error: unknown) => failed(carrier, error),
    )
  }

  return (carrier) => runFrom(0, carrier)
}
