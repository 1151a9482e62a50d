import { type ErrorKind, errorKinds, type LoadResult } from '../contract.ts'
import { counted, countText, durationText, percentText } from './figures.ts'

export type Tone = 'good' | 'warn' | 'bad' | 'plain'

/** One thing that a reader has to know before any figure. */
export interface Verdict {
  readonly tone: Tone
  /** A few words: `Failed`. */
  readonly title: string
  /** Sentences; the first belongs to the title. */
  readonly sentences: readonly string[]
}

/**
 * The verdict on a run in the order in which a reader needs it: whether the figures are the target's at all, then
 * whether it passed, then what went wrong.
 */
export function verdictOf(result: LoadResult): Verdict[] {
  return [clientVerdict(result), endVerdict(result), thresholdVerdict(result), ...lossVerdicts(result)].filter(
    (each) => each !== null,
  )
}

/** Whether the run passed. */
export function thresholdVerdict({ thresholds, passed }: LoadResult): Verdict {
  const broken = thresholds.filter((each) => !each.passed)
  if (thresholds.length === 0) {
    return { tone: 'plain', title: 'No thresholds', sentences: ['The scenario sets none, so nothing was judged.'] }
  }
  if (passed && broken.length === 0) {
    const all = thresholds.length === 1 ? 'The threshold holds.' : `All ${thresholds.length} thresholds hold.`
    return { tone: 'good', title: 'Passed', sentences: [all] }
  }
  const some = `${broken.length} of ${counted(thresholds.length, 'threshold')} ${broken.length === 1 ? 'does' : 'do'} not hold.`
  return { tone: 'bad', title: 'Failed', sentences: [some] }
}

function clientVerdict({ client }: LoadResult): Verdict {
  if (!client.wasBottleneck) {
    return { tone: 'good', title: 'The client kept up', sentences: ['It was not the bottleneck.'] }
  }
  return {
    tone: 'bad',
    title: 'The client was the bottleneck',
    sentences: ['These figures say more of the load client than of the target.', ...client.why],
  }
}

function endVerdict({ run }: LoadResult): Verdict | null {
  if (run.ended === 'done') return null
  const after = `after ${durationText(run.duration)}`
  const partial = 'The figures cover only what ran.'
  return run.ended === 'interrupted'
    ? { tone: 'warn', title: 'Interrupted', sentences: [`Stopped by hand ${after}.`, partial] }
    : {
        tone: 'warn',
        title: 'Ended early',
        sentences: [`A limit was reached ${after}: ${run.endedWhy ?? 'it is not said which'}.`, partial],
      }
}

function lossVerdicts({ totals, errors, delivery, client }: LoadResult): (Verdict | null)[] {
  const lost = (delivery.pushes?.lost ?? 0) + (delivery.fanOut?.lost ?? 0)
  const expected = (delivery.pushes?.expected ?? 0) + (delivery.fanOut?.expected ?? 0)
  const unsent = totals.messages.unsent + totals.pushes.unsent
  const [kind, most] = Object.entries(errors).sort(([, a], [, b]) => b - a)[0] ?? []
  return [
    lost === 0
      ? null
      : {
          tone: 'bad',
          title: `${counted(lost, 'frame')} lost`,
          sentences: [`Of ${countText(expected)} expected; their clients stayed connected and never got them.`],
        },
    totals.errors === 0
      ? null
      : {
          tone: 'warn',
          title: counted(totals.errors, 'error'),
          sentences: [
            `${percentText(totals.errorShare)} of ${counted(totals.operations, 'operation')}.`,
            ...(kind === undefined || most === undefined
              ? []
              : [`Most are ${kind} (${countText(most)}): ${meaningOf(kind)}`]),
          ],
        },
    unsent === 0
      ? null
      : {
          tone: 'warn',
          title: `${countText(unsent)} not sent`,
          sentences: [
            `They were due and could not leave before the end: ${client.wasBottleneck ? 'the client was' : 'the target was'} too slow for the schedule.`,
          ],
        },
  ]
}

/** The meaning of a kind of error; a kind that a later version has added is said to be unknown. */
export function meaningOf(kind: string): string {
  return Object.hasOwn(errorKinds, kind) ? errorKinds[kind as ErrorKind] : 'A kind that this version does not know.'
}
