/** A time that is drawn anew each time it is needed. In milliseconds. */
export type Distribution =
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'uniform'; readonly min: number; readonly max: number }
  | { readonly kind: 'exponential'; readonly mean: number }

/** Rare draws of an exponential distribution have no bound; ten times the mean is one in 22,000. */
const longestOfMean = 10

/** One draw; `random` gives numbers from 0 to below 1. */
export function draw(distribution: Distribution, random: () => number): number {
  switch (distribution.kind) {
    case 'constant':
      return distribution.value
    case 'uniform':
      return distribution.min + (distribution.max - distribution.min) * random()
    case 'exponential':
      return Math.min(-Math.log(1 - random()), longestOfMean) * distribution.mean
  }
}
