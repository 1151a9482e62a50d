import { refusedMembers, text, wholeNumber } from 'postern-documents/schema-parts'
import { z } from 'zod'
import { cognitoAuthorizerMembers, jwtAuthorizerMembers, refusedOfTokens } from './jwt-definition.ts'
import { authorizerUri } from './shared-definition.ts'

/** Sources of identity, which AWS allows without a number; ours keeps a definition in bounds. */
const maxIdentitySources = 50

const identitySources = z
  .array(
    text(
      'a source: route.request.header.<name>, route.request.querystring.<name>, stageVariables.<name> or context.<name>',
      {
        max: 512,
        pattern: /^(?:route\.request\.(?:header|querystring)|stageVariables|context)\.[A-Za-z0-9._-]+$/,
      },
    ),
    { error: 'a list of sources' },
  )
  .max(maxIdentitySources, { error: `at most ${maxIdentitySources} sources` })

function refusing<Schema extends z.ZodType>(schema: Schema, refused: Readonly<Record<string, string>>): Schema {
  refusedMembers.add(schema, refused)
  return schema
}

const everywhere = {
  authorizerId: 'the name under authorizers is the id',
  authorizerCredentialsArn:
    'there are no IAM roles here; calls are signed with the AWS_* credentials of the environment',
  authorizerResultTtlInSeconds: 'results are not kept for WebSocket APIs, as on AWS: a client is asked for once',
  authorizerPayloadFormatVersion: 'AWS has it for HTTP APIs only',
  enableSimpleResponses: 'AWS has it for HTTP APIs only',
}

/**
 * The schema of an authorizer, checked by its type. Its output fits an `AuthorizerDefinition` of
 * authorizers/contract.ts.
 */
export const authorizerSchema = z
  .discriminatedUnion('authorizerType', [
    refusing(
      z.strictObject({
        authorizerType: z.literal('REQUEST'),
        name: text('a string of 1 to 128 characters', { max: 128 }).optional().describe('For people.'),
        authorizerUri: authorizerUri.describe(
          'Who decides: function:<name>, a Lambda function, or (beyond AWS) an HTTP endpoint that gets the same event with POST.',
        ),
        identitySource: identitySources
          .default([])
          .describe('What a client must show; without one of them it is refused with 401 and nobody is asked.'),
        identityValidationExpression: text('a regular expression', { max: 1_024 })
          .optional()
          .describe('Not used for WebSocket APIs, as on AWS.'),
        timeoutInMillis: wholeNumber(50, 29_000)
          .default(29_000)
          .describe('Milliseconds until asking counts as failed. AWS has no such member.'),
      }),
      everywhere,
    ),
    refusing(z.strictObject(jwtAuthorizerMembers), { ...everywhere, ...refusedOfTokens }),
    refusing(z.strictObject(cognitoAuthorizerMembers), { ...everywhere, ...refusedOfTokens }),
  ])
  .describe('Who decides about a client (Authorizer of apigatewayv2).')
