/** The values of a figure in each second, in order, apart for each phase of each run. */
export type Strata = readonly (readonly number[])[]

export interface Estimate {
  readonly mean: number
  /** Standard error of the mean. */
  readonly error: number
  /** Degrees of freedom behind the error; 0 when there are too few seconds to say anything. */
  readonly freedom: number
}

/** Neighbouring seconds resemble each other, blocks of several much less. */
const shortestBlock = 5
/** More and shorter blocks would again resemble each other. */
const mostBlocks = 20

/**
 * The mean over all seconds and how far off it may be, by batch means: a run is cut into blocks of at least five
 * seconds, at most about twenty; the spread of the blocks' means within a phase gives the error. A plain standard
 * deviation of seconds would take each second for a witness of its own, and call too much a change.
 */
export function batchMeans(strata: Strata): Estimate {
  const filled = strata.filter((each) => each.length > 0)
  const count = filled.reduce((sum, each) => sum + each.length, 0)
  if (count === 0) return { mean: 0, error: 0, freedom: 0 }
  const mean = filled.reduce((sum, each) => sum + total(each), 0) / count
  const length = Math.max(shortestBlock, Math.ceil(count / filled.length / mostBlocks))
  let [residual, blocks] = [0, 0]
  for (const seconds of filled) {
    const means = blockMeans(seconds, Math.max(1, Math.floor(seconds.length / length)))
    const centre = total(means) / means.length
    for (const each of means) residual += (each - centre) ** 2
    blocks += means.length
  }
  const freedom = blocks - filled.length
  return { mean, error: freedom === 0 ? 0 : Math.sqrt(residual / freedom / blocks), freedom }
}

/** So many blocks of the same length, give or take a second. */
function blockMeans(seconds: readonly number[], count: number): number[] {
  return Array.from({ length: count }, (_, index) => {
    const block = seconds.slice(
      Math.floor((index * seconds.length) / count),
      Math.floor(((index + 1) * seconds.length) / count),
    )
    return total(block) / block.length
  })
}

/** Degrees of freedom of the difference of two means (Welch, Satterthwaite), when each error is as large as given. */
export function sharedFreedom(a: number, freedomA: number, b: number, freedomB: number): number {
  if (a === 0 && b === 0) return freedomA + freedomB
  return (a ** 2 + b ** 2) ** 2 / (a ** 4 / freedomA + b ** 4 / freedomB)
}

function total(values: readonly number[]): number {
  return values.reduce((sum, each) => sum + each, 0)
}
