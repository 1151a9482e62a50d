import type { FunctionScope } from '../../functions/contract.ts'
import { errorTable } from '../../vocabulary/errors.ts'
import type { CallerRefusal, Refused } from '../contract.ts'
import type { GuardType, RouteGuard } from '../guard-contract.ts'
import { methodAccess } from '../method-access.ts'
import { policyFacts } from '../policy-access.ts'
import { createIamJudge, type IamOptions } from './iam-access.ts'
import { identityOf, nobodySigns } from './iam-clients.ts'

/**
 * Creates `authorizationType: AWS_IAM` of HTTP APIs: callers that sign their requests, body included, with an access key of
 * a user whose policies allow `execute-api:Invoke` on `…/{stage}/{METHOD}/{path}` ("Control access to HTTP APIs with IAM
 * authorization"). Without options nobody can sign, which is a fault of whoever asks for it.
 */
export function createIamGuardType(options: IamOptions | null): GuardType {
  return {
    type: 'AWS_IAM',
    compile(_, scope) {
      if (options === null) return { faults: [{ path: [], message: nobodySigns }] }
      const guard = createGuard(options, scope)
      return { faults: null, open: () => ({ forRoute: () => guard, flush() {}, close() {} }) }
    },
  }
}

function createGuard(options: IamOptions, scope: FunctionScope): RouteGuard {
  const judge = createIamJudge(options)
  return {
    readsBody: true,
    authorize({ arrival }, request) {
      const { method, client, query, body } = request
      const signed = {
        ...{ method, path: client.prefix + request.path, query, headers: request.headers() },
        ...policyFacts(request, client),
      }
      const judged = judge(signed, body, methodAccess(scope, arrival.method, arrival.path))
      if ('refusal' in judged) return refused(judged.refusal)
      const identity = identityOf(judged.key, options.accountId)
      return { allowed: true, caller: { kind: 'iam', context: null, nestedContext: null, scopes: null, identity } }
    },
  }
}

/** The caller is told of no reason, the log is. */
function refused({ code, detail = '' }: CallerRefusal): Refused {
  return { allowed: false, code, cause: `${errorTable[code].message}${detail}` }
}
