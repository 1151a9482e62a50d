import { stepBudget } from 'postern-documents/regex/budget'
import { PatternError } from 'postern-documents/regex/pattern-error'
import { compileWhole } from 'postern-documents/regex/regex'
import { GatewayError } from '../vocabulary/errors.ts'

/** The characters of an error message that the patterns of a definition are tried on at most. */
const maxSelectionValue = 1_024
/** The steps, of three instructions each, that a key may take on one value: some milliseconds. */
const maxSteps = 100_000

/**
 * Whether an integration response key fits a selection value. Throws API_CONFIGURATION_ERROR where finding out would
 * take too long: values are a backend's text.
 */
export type MatchResponseKey = (value: string) => boolean

const keyForm = /^\/(.+)\/$/s

/**
 * Compiles `/regex/`: a Java regular expression that has to match the whole value ("Set up an integration response").
 * Java's flags in front, as in `/(?s).+Error.+/`, work; `$default` is the caller's. Throws a `PatternError` for a key
 * that is none: the schema of definitions lets no such key pass.
 */
export function compileResponseKey(key: string): MatchResponseKey {
  const pattern = keyForm.exec(key)?.[1]
  if (pattern === undefined) throw new PatternError(`${key} is no /regex/`)
  const matches = compileWhole(pattern)
  return (value) => {
    const budget = stepBudget(maxSteps, () => {
      const detail = `integration response ${key} takes more than ${maxSteps} steps to match ${JSON.stringify(value.slice(0, 80))}`
      return new GatewayError('API_CONFIGURATION_ERROR', detail)
    })
    return matches(value.slice(0, maxSelectionValue), budget)
  }
}
