/** The head of a request, as what is checked before any handler sees it. */
export interface RequestHead {
  /** The method in upper case. */
  readonly method: string
  /** The value of a header by its lower-case name; empty when it is absent. */
  header(lowerCaseName: string): string
  /** Calls back for every header in order, repeated ones too, with names in lower case. */
  eachHeader(see: (lowerCaseName: string, value: string) => void): void
}
