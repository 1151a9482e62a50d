import { compileSelectionExpression, type SelectionExpression } from '../routing/selection-expression.ts'
import { exactJson, rememberedJson } from '../vocabulary/json-text.ts'
import type { BodyValidator, Model } from './contract.ts'
import { bodyNotJson, noModelFits } from './invalid-body.ts'

/** Compiles a `modelSelectionExpression`. Throws a `SelectionExpressionError` when it is wrong. */
export function compileModelSelection(source: string): SelectionExpression {
  return compileSelectionExpression(source, ['request.body'])
}

/**
 * Makes the validator of a route's messages ("Request validation for WebSocket APIs"): the expression's text is a key of
 * `requestModels`, which has names of models, else `$default`. A message that neither leads to a model does not pass, nor
 * does one that is no JSON. The text that route selection has just parsed is not parsed again.
 */
export function createMessageValidator(
  expression: SelectionExpression,
  requestModels: Readonly<Record<string, string>>,
  models: ReadonlyMap<string, Model>,
): BodyValidator {
  const byKey = new Map<string, Model>()
  for (const [key, name] of Object.entries(requestModels)) {
    const model = models.get(name)
    if (model !== undefined) byKey.set(key, model)
  }
  const fallback = byKey.get('$default')
  const modelOf = (key: string): Model | undefined => byKey.get(key) ?? fallback
  let last: Model | undefined
  const fixed = expression.constant === null ? null : modelOf(expression.constant)
  return {
    validate(text) {
      const body = rememberedJson(text)
      if (body === undefined) return bodyNotJson
      const model = fixed === null ? modelOf(expression.evaluate({ body, exactBody: () => exactJson(text) })) : fixed
      last = model
      return model === undefined ? noModelFits : model.judge(body)
    },
    took: () => last?.took() ?? 0,
  }
}
