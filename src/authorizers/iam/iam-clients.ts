import type { AuthorizerType, CallerAccess, RouteAuthorizer } from '../contract.ts'
import { policyFacts, refusedClient } from '../policy-access.ts'
import { routeAccess } from '../policy-clients.ts'
import type { UsableKey } from './access-keys.ts'
import { createIamJudge, type IamOptions, type JudgeSigned } from './iam-access.ts'

/**
 * Creates `authorizationType: AWS_IAM`: clients that sign their handshake, in its headers or by a presigned URL, with an
 * access key of a user whose policies allow `execute-api:Invoke` on `…/{stage}/$connect`. Without options nobody can
 * sign, which is a fault of whoever asks for it.
 */
export function createIamAuthorizerType(options: IamOptions | null): AuthorizerType {
  return {
    type: 'AWS_IAM',
    compile(_, scope) {
      if (options === null) return { faults: [{ path: [], message: nobodySigns }] }
      const judge = createIamJudge(options)
      const accountId = options.accountId
      return {
        faults: null,
        open: () => ({
          forRoute: ({ routeKey }) => routeAuthorizer(judge, accountId, routeAccess(scope, routeKey)),
          close() {},
        }),
      }
    },
  }
}

/** The fault of whoever asks for signatures where there are no keys. */
export const nobodySigns = 'AWS_IAM, but nobody can sign; allowed: with credentials in postern.yaml'

function routeAuthorizer(judge: JudgeSigned, accountId: string, access: CallerAccess): RouteAuthorizer {
  return {
    authorize(_, request) {
      const { client, query } = request
      const signed = {
        ...{ method: 'GET', path: client.prefix + request.path, query, headers: request.headers() },
        ...policyFacts(request, client),
      }
      // A handshake has no body (RFC 6455 §4.1).
      const judged = judge(signed, null, access)
      if ('refusal' in judged) return refusedClient(judged.refusal)
      return { allowed: true, context: null, identity: identityOf(judged.key, accountId), key: judged.key.client }
    },
  }
}

/** The members of `$context.identity` of somebody who signs, as REST APIs have them. */
export function identityOf({ accessKeyId, user }: UsableKey, accountId: string): Record<string, string> {
  const { arn, userId } = user.principal
  return { accountId, caller: userId, user: userId, userArn: arn, accessKey: accessKeyId }
}
