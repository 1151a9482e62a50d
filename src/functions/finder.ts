import { hideSecrets } from 'postern-documents/hide-secrets'
import { nearestName } from 'postern-documents/nearest-name'
import { replaceStageVariables } from '../vocabulary/stage-variables.ts'
import type { FunctionFinder, FunctionScope, FunctionTarget } from './contract.ts'
import { locateHandler } from './handler.ts'
import type { LambdaApi } from './lambda-api.ts'
import type { FunctionPools } from './pools.ts'
import { parseFunctionUri } from './uri.ts'

const allowedForms =
  "function:<name>, a Lambda function's name or ARN, and arn:aws:apigateway:<region>:lambda:path/2015-03-31/functions/<ARN>/invocations"

export interface FunctionSources {
  readonly pools: FunctionPools
  /** The Lambda API; null where `lambda.endpoint` is not set: every function has to be declared then. */
  readonly lambdaApi: LambdaApi | null
}

/** Finds functions among those that a definition declares, then behind the Lambda API. */
export function createFunctionFinder(sources: FunctionSources): FunctionFinder {
  return { find: (uri, scope) => findFunction(uri, scope, sources) }
}

function findFunction(
  uri: string,
  scope: FunctionScope,
  { pools, lambdaApi }: FunctionSources,
): FunctionTarget | string {
  const { text, missing } = replaceStageVariables(uri, scope.stageVariables)
  const reference = parseFunctionUri(text)
  if (reference === null) {
    const cause = missing.length === 0 ? '' : `stage ${scope.stage} has no stage variable ${missing.join(', ')}: `
    return `${cause}'${hideSecrets(text)}' is none of ${allowedForms}`
  }

  const { name } = reference
  const definition = Object.hasOwn(scope.functions, name) ? scope.functions[name] : undefined
  if (definition !== undefined) {
    const handler = locateHandler(scope.directory, definition.handler)
    if (typeof handler === 'string') return `function ${name}: ${handler}`
    const { apiId, directory } = scope
    return { open: () => pools.retain({ apiId, name, definition, directory }) }
  }
  if (!reference.localOnly && lambdaApi !== null) {
    const { remoteName, qualifier, region } = reference
    return { open: () => lambdaApi.open({ name: remoteName, qualifier, region }) }
  }
  const nearest = nearestName(name, Object.keys(scope.functions))
  const hint = nearest === null ? '' : ` (did you mean ${nearest}?)`
  const remedy = reference.localOnly ? '' : ' and no Lambda endpoint is set (lambda.endpoint)'
  return `function ${name} is not declared under functions${hint}${remedy}`
}
