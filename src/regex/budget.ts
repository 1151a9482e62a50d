/** The budget that matching takes its steps from; each member throws when the budget is used up. */
export interface Budget {
  /** Takes steps: of three instructions or characters about one. */
  step(count?: number): void
  /** Takes the steps for handling so many characters of text. */
  characters(count: number): void
  /** Refuses a text of this length. */
  limitLength(length: number): void
}
