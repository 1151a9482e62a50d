import type { TransportRequest } from '../../transport/contract.ts'
import type { PromptCallerAuthorizer, RequestClient } from '../contract.ts'
import { policyFacts } from '../policy-access.ts'
import { createIamJudge, type IamOptions, type IamRequest } from './iam-access.ts'

export interface IamCallersOptions extends IamOptions {
  readonly clientAddress: (request: TransportRequest) => RequestClient
}

/**
 * Lets callers in who sign their requests (Signature Version 4) with an access key of a user whose policies allow what
 * they ask for.
 */
export function createIamCallers(options: IamCallersOptions): PromptCallerAuthorizer<IamRequest> {
  const judge = createIamJudge(options)
  return {
    readsBody: true,
    weighsPolicy: true,
    credentials(request) {
      const client = options.clientAddress(request)
      return {
        method: request.method,
        path: client.prefix + request.path,
        query: request.query,
        headers: request.headers(),
        ...policyFacts(request, client),
      }
    },
    judge(request, body, access) {
      const judged = judge(request, body, access)
      return 'refusal' in judged ? judged.refusal : 'allowed'
    },
  }
}
