import type { ApiDefinition } from '../config/api-definition.ts'
import type { ReportFault } from '../integrations/contract.ts'
import { compileModels } from '../models/compile-models.ts'
import type { BodyValidator } from '../models/contract.ts'
import { compileModelSelection, createMessageValidator } from '../models/message-validator.ts'
import { attempt } from './compile-stage.ts'

/**
 * Compiles the models of an API and the validators of its messages, by route key; a route whose messages are not
 * validated has none. With a fault, each of which is reported, the result is not to be used.
 */
export function compileValidators(
  { apiId, models: definitions, routes }: ApiDefinition,
  report: ReportFault,
): ReadonlyMap<string, BodyValidator> {
  const compiled = compileModels(definitions, apiId)
  for (const { path, message } of compiled.faults ?? []) report(['models', ...path], message)
  const models = compiled.faults === null ? compiled.models : new Map()
  const validators = new Map<string, BodyValidator>()
  for (const [routeKey, { modelSelectionExpression: source, requestModels }] of Object.entries(routes)) {
    if (source === undefined) continue
    const path = ['routes', routeKey, 'modelSelectionExpression']
    const expression = attempt(() => compileModelSelection(source), path, report)
    if (expression !== null) validators.set(routeKey, createMessageValidator(expression, requestModels ?? {}, models))
  }
  return validators
}
