import type { AuthorizerResult, AuthorizerScope, AuthorizerType, CallerAccess, RouteAuthorizer } from './contract.ts'
import { type JudgeByPolicy, policyFacts, refusedClient } from './policy-access.ts'

/** The permission that a client of one route asks for. */
export function routeAccess({ apiId, stage, policy }: AuthorizerScope, routeKey: string): CallerAccess {
  const resource = `${apiId}/${stage}/${routeKey}`
  return { service: 'execute-api', permission: 'Invoke', resource, policy: policy ?? null }
}

/**
 * Creates `authorizationType: NONE` for APIs that have a policy, which alone decides there: what it does not allow is
 * denied ("How API Gateway resource policies affect authorization workflow").
 */
export function createPolicyAuthorizerType(judge: JudgeByPolicy): AuthorizerType {
  return {
    type: 'NONE',
    compile: (_, scope) => ({
      faults: null,
      open: () => ({
        forRoute({ routeKey }) {
          const access = routeAccess(scope, routeKey)
          return {
            authorize(_event, request) {
              const refusal = judge(policyFacts(request, request.client), access)
              return refusal === null ? { allowed: true, context: null } : refusedClient(refusal)
            },
          }
        },
        close() {},
      }),
    }),
  }
}

/**
 * Has clients whom authorizers of this type let in pass the policy of the API too, which must allow them: credentials that
 * only prove who somebody is, such as tokens, say nothing of what he may.
 */
export function obeyingPolicy(type: AuthorizerType, judge: JudgeByPolicy): AuthorizerType {
  return {
    type: type.type,
    compile(definition, scope) {
      const compiled = type.compile(definition, scope)
      if (compiled.faults !== null || !scope.policy) return compiled
      return {
        faults: null,
        open() {
          const opened = compiled.open()
          return {
            forRoute: (route) => behindPolicy(opened.forRoute(route), judge, routeAccess(scope, route.routeKey)),
            close: opened.close,
          }
        },
      }
    },
  }
}

function behindPolicy(authorizer: RouteAuthorizer, judge: JudgeByPolicy, access: CallerAccess): RouteAuthorizer {
  return {
    ...authorizer,
    authorize(event, request) {
      const facts = policyFacts(request, request.client)
      const obey = (result: AuthorizerResult): AuthorizerResult => {
        const refusal = result.allowed ? judge(facts, access) : null
        return refusal === null ? result : refusedClient(refusal)
      }
      const result = authorizer.authorize(event, request)
      return result instanceof Promise ? result.then(obey) : obey(result)
    },
  }
}
