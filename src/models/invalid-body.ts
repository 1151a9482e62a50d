import type { ErrorObject } from 'ajv'
import type { InvalidBody } from './contract.ts'
import { errorText } from './error-text.ts'
import { BudgetSpentError } from './validation-budget.ts'

/** Characters of a JSON pointer that are shown. */
const maxPointer = 200

/** AWS's text for a body that is no JSON. */
const notJsonText = 'Unknown error parsing request body'

/** The refusal of a body that is no JSON. */
export const bodyNotJson = refusal('', notJsonText, 'the body is no JSON')

/** The refusal of a body whose model is not known: no key fits what the expression gave, and there is no `$default`. */
export const noModelFits = refusal(
  '',
  'no model matches the request body',
  'no key of requestModels fits, and there is no $default',
)

/** Keywords whose own error says less than the one before it, of the schema that they apply. */
const wrapping: ReadonlySet<string> = new Set(['if', 'propertyNames'])

/** The refusal of a value with these errors of ajv: the last one stands for all of an `anyOf` and the like. */
export function invalidBody(errors: readonly ErrorObject[]): InvalidBody {
  let index = errors.length - 1
  while (index > 0 && wrapping.has(errors[index]?.keyword ?? '')) index--
  const error = errors[index]
  if (error === undefined) return unjudgedBody(new Error('no error was given'))
  const { message, forLog } = errorText(error)
  return refusal(error.instancePath, message, forLog)
}

/** The refusal of a value that could not be judged: fail closed. */
export function unjudgedBody(error: unknown): InvalidBody {
  if (error instanceof RangeError)
    return refusal('', 'request body is nested too deeply', 'the body is nested too deeply')
  const reason = error instanceof BudgetSpentError ? error.message : 'cannot be judged'
  return refusal('', `request body ${reason}`, `judging the body ${(error as Error).message}`)
}

function refusal(pointer: string, message: string, forLog: string): InvalidBody {
  const shown = pointer.length <= maxPointer ? pointer : `${pointer.slice(0, maxPointer - 1)}…`
  return {
    parts: [{ pointer: shown, message }],
    validationErrorString: `[${message}]`,
    logText: `${shown === '' ? '' : `${shown}: `}${forLog}`,
  }
}
