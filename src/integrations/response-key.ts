/** The characters of an error message that the patterns of a definition are tried on at most. */
const maxSelectionValue = 1_024

/** Whether an integration response key fits a selection value. */
export type MatchResponseKey = (value: string) => boolean

const keyForm = /^\/(.+)\/$/s
const inlineFlags = /^\(\?([ims]+)\)/

/**
 * Compiles `/regex/`: a Java regular expression that has to match the whole value ("Set up an integration response").
 * Java's flags in front, as in `/(?s).+Error.+/`, work; `$default` is the caller's. Throws a `SyntaxError` for a key
 * that is none: the schema of definitions lets no such key pass.
 */
export function compileResponseKey(key: string): MatchResponseKey {
  const pattern = keyForm.exec(key)?.[1]
  if (pattern === undefined) throw new SyntaxError(`${key} is no /regex/`)
  const flags = inlineFlags.exec(pattern)
  const whole = new RegExp(`^(?:${pattern.slice(flags?.[0].length ?? 0)})$`, [...new Set(flags?.[1])].join(''))
  return (value) => whole.test(value.slice(0, maxSelectionValue))
}
