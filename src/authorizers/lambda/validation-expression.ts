import { stepBudget } from 'postern-documents/regex/budget'
import { compileWhole } from 'postern-documents/regex/regex'

/** Steps that one token may take: enough for expressions in use on tokens as long as headers may be. */
const maxSteps = 500_000

/**
 * Compiles an `identityValidationExpression`: it has to cover the whole token. A token that takes too many steps does
 * not match, since nobody has found that it does. Throws `PatternError` for what is no expression.
 */
export function compileValidationExpression(expression: string): (token: string) => boolean {
  const fits = compileWhole(expression)
  return (token) => {
    try {
      return fits(
        token,
        stepBudget(maxSteps, () => tooLong),
      )
    } catch (error) {
      if (error === tooLong) return false
      throw error
    }
  }
}

const tooLong = new Error('the identityValidationExpression takes too long')
