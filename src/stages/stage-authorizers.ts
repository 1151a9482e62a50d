import type {
  AuthorizerDefinition,
  AuthorizerScope,
  AuthorizerType,
  OpenAuthorizer,
  RouteAuthorizer,
} from '../authorizers/contract.ts'
import type { ApiDefinition, RouteDefinition } from '../config/api-definition.ts'
import type { ReportFault } from '../integrations/contract.ts'
import { type CompiledParts, compileParts, OpenedParts } from './compiled-parts.ts'

/** The authorizers of one stage, opened: each that a route names once, however many routes share it. */
export interface StageAuthorizers {
  /** The authorizer of a route; null when it asks nobody. */
  of(routeKey: string, route: RouteDefinition): RouteAuthorizer | null
  /** Closes every authorizer that was opened. */
  close(): void
}

/** The authorizers of one stage, compiled. */
export interface CompiledAuthorizers {
  /** Starts with none open: routes ask for theirs. */
  open(): StageAuthorizers
}

const iam: AuthorizerDefinition = { authorizerType: 'AWS_IAM' }
/** The policy of the API alone. */
const nobody: AuthorizerDefinition = { authorizerType: 'NONE' }

/**
 * Compiles every authorizer of a definition for one stage, also those that no route names, and reports their faults.
 */
export function compileStageAuthorizers(
  definition: ApiDefinition,
  scope: AuthorizerScope,
  types: readonly AuthorizerType[],
  report: ReportFault,
): CompiledAuthorizers {
  const written: [readonly string[], AuthorizerDefinition][] = Object.entries(definition.authorizers).map(
    ([name, authorizer]) => [['authorizers', name], authorizer],
  )
  const signed = Object.entries(definition.routes).find(([, route]) => route.authorizationType === 'AWS_IAM')
  if (signed !== undefined) written.push([['routes', signed[0], 'authorizationType'], iam])
  if (scope.policy) written.push([['policy'], nobody])
  const compile = (authorizer: AuthorizerDefinition, path: readonly string[]) => {
    const type = types.find((each) => each.type === authorizer.authorizerType)
    if (type !== undefined) return type.compile(authorizer, scope)
    report(path, `${authorizer.authorizerType} is not possible here`)
    return null
  }
  const compiled = compileParts<AuthorizerDefinition, OpenAuthorizer>(written, compile, report)
  return { open: () => openStageAuthorizers(definition, compiled) }
}

function openStageAuthorizers(
  definition: ApiDefinition,
  compiled: CompiledParts<AuthorizerDefinition, OpenAuthorizer>,
): StageAuthorizers {
  const opened = new OpenedParts(compiled)
  return {
    of(routeKey, route) {
      // What $connect allows holds for the whole connection.
      const unasked = routeKey === '$connect' && definition.policy !== undefined ? nobody : null
      const authorizer = authorizerOf(route, definition) ?? unasked
      if (authorizer === null) return null
      const known = opened.of(authorizer)
      // Config and compiling have seen to it; a route that is to be guarded must never be open.
      if (known === null) throw new Error(`no authorizer ${authorizer.authorizerType} was compiled`)
      return known.forRoute({ routeKey, authorizationScopes: route.authorizationScopes })
    },
    close: () => opened.close(),
  }
}

/** The authorizer that a route names; null when it asks nobody. Throws for a name that is not there. */
function authorizerOf(
  { authorizationType, authorizerId }: RouteDefinition,
  { authorizers }: ApiDefinition,
): AuthorizerDefinition | null {
  switch (authorizationType) {
    case 'NONE':
      return null
    case 'AWS_IAM':
      return iam
    case 'CUSTOM':
    case 'JWT':
    case 'COGNITO_USER_POOLS': {
      const named = authorizerId === undefined ? undefined : authorizers[authorizerId]
      if (named === undefined) throw new Error(`no authorizer ${authorizerId} is declared`)
      return named
    }
  }
}
