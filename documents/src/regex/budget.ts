/** The budget that matching takes its steps from; each member throws when the budget is used up. */
export interface Budget {
  /** Takes steps: of three instructions or characters about one. */
  step(count?: number): void
  /** Takes the steps for handling so many characters of text. */
  characters(count: number): void
  /** Refuses a text of this length. */
  limitLength(length: number): void
}

/** Creates a budget of so many steps, for matching outside of a template; `spent` makes the error that ends it. */
export function stepBudget(maxSteps: number, spent: () => Error): Budget {
  let left = maxSteps
  const step = (count = 1): void => {
    left -= count
    if (left < 0) throw spent()
  }
  return { step, characters: (count) => step(count >> 6), limitLength() {} }
}
