import type { DeliveryAccount } from '../contract.ts'

export type Counts = { -readonly [Member in keyof DeliveryAccount]: DeliveryAccount[Member] }

export function noCounts(): Counts {
  return { expected: 0, received: 0, lost: 0, duplicated: 0, outOfOrder: 0, cutOff: 0, unannounced: 0 }
}

export function addCounts(sum: Counts, more: DeliveryAccount): void {
  for (const name of Object.keys(sum) as (keyof Counts)[]) sum[name] += more[name]
}

/** Beyond so many holes in what a client got, the oldest are forgotten: they stay lost, and count once more if they come. */
const maxHoles = 100_000

/** The standing of a number when it came. */
export type Arrival = 'next' | 'late' | 'again'

/** Which numbers of a stream have come: the highest, and the holes below it. */
export class Arrivals {
  #highest: number
  readonly #holes = new Set<number>()

  /** Numbers from `first` on are the stream's. */
  constructor(first: number) {
    this.#highest = first - 1
  }

  /** `isExpected` says whether a number that was jumped over should have come. */
  add(number: number, isExpected: (number: number) => boolean): Arrival {
    if (number <= this.#highest) return this.#holes.delete(number) ? 'late' : 'again'
    for (let missed = this.#highest + 1; missed < number; missed++) if (isExpected(missed)) this.#open(missed)
    this.#highest = number
    return 'next'
  }

  get highest(): number {
    return this.#highest
  }

  isMissing(number: number): boolean {
    return number > this.#highest || this.#holes.has(number)
  }

  #open(number: number): void {
    if (this.#holes.size >= maxHoles) {
      const [oldest] = this.#holes
      this.#holes.delete(oldest as number)
    }
    this.#holes.add(number)
  }
}
