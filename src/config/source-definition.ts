import { flag, text } from 'postern-documents/schema-parts'
import { z } from 'zod'
import { networks } from './trusted-networks.ts'

const policyAllowed = 'an IAM policy document, or the path of a JSON file beside api.yaml'

/** The members of an API that say from where, and on which terms, anybody may come. */
export const apiSourceMembers = {
  policy: z
    .union([text(policyAllowed, { max: 256, pattern: /^(?!\/)(?!.*\.\.)[\w./-]+$/ }), z.looseObject({})], {
      error: policyAllowed,
    })
    .optional()
    .describe(
      'The resource policy: an IAM policy document, or the path of a JSON file of one beside api.yaml. It decides, with the authorizer if there is one, about clients (execute-api:Invoke) and callers of @connections (execute-api:ManageConnections).',
    ),
  disableExecuteApiEndpoint: flag()
    .default(false)
    .describe(
      'Whether the API is served under custom domains (domains) only, so that nobody gets around what they ask.',
    ),
  allowedNetworks: networks()
    .default([])
    .describe('The only networks (CIDR) from which clients and callers of @connections may come; any when empty.'),
  deniedNetworks: networks()
    .default([])
    .describe('Networks (CIDR) from which clients and callers of @connections may not come.'),
}
