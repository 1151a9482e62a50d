/** Thrown for a pattern, or a replacement, that Java or this engine does not take; the message says what is wrong. */
export class PatternError extends Error {
  override readonly name = 'PatternError'
}
