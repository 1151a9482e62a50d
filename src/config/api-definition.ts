import { flag, noEntries, oneOf, record, refusedMembers, text, wholeNumber } from 'postern-documents/schema-parts'
import { z } from 'zod'
import { attributeName, attributeNameRule, maxAttributes } from '../vocabulary/connection-user.ts'
import { authorizerSchema } from './authorizer-definition.ts'
import { groupNameMembers, integrationSchema } from './integration-definition.ts'
import { apiModelMembers, routeModelMembers } from './model-definition.ts'
import {
  apiMembers,
  functionsOfApi,
  maxAuthorizers,
  maxIntegrations,
  maxRoutes,
  named,
  operationName,
  refusedOfStages,
  scopes,
  stageMembers,
  stagesOfApi,
} from './shared-definition.ts'
import { apiSourceMembers } from './source-definition.ts'
import { throttle } from './throttle-settings.ts'

/** Groups that a connection joins with its handshake. */
const maxJoinedGroups = 100

const routeParameter = z.strictObject({
  required: flag().describe('Refuse the handshake with 400 when it is missing.'),
})

const connectionSource = text(
  'a source: integration.response.…, route.request.…, context.…, stageVariables.… or a literal in single quotes, as in "\'text\'"',
  { max: 4_096 },
)

const connectionSchema = z
  .strictObject({
    userId: connectionSource.optional().describe('The source of the user id.'),
    attributes: record(text(attributeNameRule, { max: 64, pattern: attributeName }), connectionSource, maxAttributes)
      .optional()
      .describe('The sources of attributes, by name.'),
  })
  .refine(({ userId, attributes }) => userId !== undefined || attributes !== undefined, {
    error: 'userId, attributes or both',
  })

const joinedGroup = z.union([groupNameMembers.groupName, z.strictObject(groupNameMembers)])

const routeSchema = z
  .strictObject({
    integration: z
      .union([text('the name of an integration', { max: 128 }), integrationSchema])
      .optional()
      .describe('The name of an integration, or one in place.'),
    routeResponse: flag().default(false).describe("Whether the integration's result is sent back to the client."),
    routeResponseSelectionExpression: oneOf(['$default'])
      .optional()
      .describe('$default switches two-way communication on, as routeResponse does.'),
    requestParameters: record(
      text('route.request.header.<name> or route.request.querystring.<name>', {
        max: 512,
        pattern: /^route\.request\.(header|querystring)\.[A-Za-z0-9._$-]+$/,
      }),
      routeParameter,
      1_000,
    )
      .optional()
      .describe('Headers and query parameters of the handshake that $connect declares.'),
    authorizationType: oneOf(['NONE', 'AWS_IAM', 'CUSTOM', 'JWT', 'COGNITO_USER_POOLS'])
      .default('NONE')
      .describe(
        'Who may connect: anyone, who signs with an access key, whom a function or a token lets in. $connect only.',
      ),
    authorizerId: text('the name of an authorizer', { max: 128 })
      .optional()
      .describe('The authorizer of CUSTOM, JWT or COGNITO_USER_POOLS, by its name under authorizers.'),
    authorizationScopes: scopes.describe(
      "Scopes of which the client's token needs one; on other routes than $connect beyond AWS.",
    ),
    apiKeyRequired: flag().default(false).describe('Whether the handshake must carry an API key. $connect only.'),
    connection: connectionSchema
      .optional()
      .describe('Where the user and the attributes of a connection come from. $connect only; beyond AWS.'),
    groups: z
      .array(joinedGroup, { error: 'a list of groups' })
      .max(maxJoinedGroups, { error: `at most ${maxJoinedGroups} groups` })
      .optional()
      .describe(
        'Groups that a connection joins as it begins, by name or with groupNamePattern. $connect only; beyond AWS.',
      ),
    ...routeModelMembers,
    operationName,
  })
  .describe('What happens to the events of one route key.')

refusedMembers.add(routeSchema, {
  target: "'integration' names the integration",
  routeId: 'the route key is the id',
  routeKey: 'the key under routes is the route key',
})

const connectionThrottleSchema = z
  .strictObject({
    messages: throttle().optional().describe('Messages: rateLimit and burstLimit.'),
    bytes: throttle()
      .optional()
      .describe('Bytes of messages: rateLimit and burstLimit. A message above burstLimit is always refused.'),
  })
  .refine(({ messages, bytes }) => messages !== undefined || bytes !== undefined, {
    error: 'messages, bytes or both',
  })

const stageSchema = z
  .strictObject({
    ...stageMembers,
    newConnectionThrottle: throttle()
      .optional()
      .describe('Limit of the handshakes of this stage, whether there is a $connect route or not. Beyond AWS.'),
    connectionThrottle: connectionThrottleSchema
      .optional()
      .describe('Limits of what each connection sends: messages and bytes. Beyond AWS.'),
  })
  .describe('A place where the API is served: /{apiId}/{stage}.')

refusedMembers.add(stageSchema, refusedOfStages)

const origin = z.string({ error: 'an origin as a string' }).refine(isOriginPattern, {
  error: "'*', an origin such as https://app.example, or https://*.example.com for every subdomain",
})

function isOriginPattern(pattern: string): boolean {
  if (pattern === '*' || pattern === 'null') return true
  if (pattern.length > 512 || !/^[a-z][a-z0-9+.-]*:\/\/(\*\.)?[a-z0-9.[\]:_-]+$/.test(pattern)) return false
  const concrete = pattern.replace('//*.', '//any.')
  // Browsers send an origin in this one spelling: anything else here would never match.
  return !URL.canParse(concrete) || !/^https?:/.test(concrete) || new URL(concrete).origin === concrete
}

/** A WebSocket API as `api.yaml` spells it, after defaults. Names and values are those of apigatewayv2. */
export const apiDefinitionSchema = z
  .strictObject({
    ...apiMembers,
    protocolType: z
      .literal('WEBSOCKET', { error: 'WEBSOCKET, HTTP (this version serves no REST APIs)' })
      .describe('WEBSOCKET.'),
    routeSelectionExpression: text('a selection expression, such as $request.body.action', { max: 1_024 }).describe(
      'Picks the route key of a message, such as $request.body.action.',
    ),
    allowedOrigins: z
      .array(origin, { error: 'a list of origins' })
      .max(1_000, { error: 'at most 1000 origins' })
      .optional()
      .describe(
        "Origins whose pages may connect; without it only pages of the API's own host. Clients without Origin always may.",
      ),
    messageOrdering: oneOf(['PARALLEL', 'CONNECTION'])
      .default('PARALLEL')
      .describe('CONNECTION handles the messages of one connection one after the other; AWS has PARALLEL only.'),
    slowConsumer: oneOf(['CLOSE', 'DROP', 'COALESCE'])
      .default('CLOSE')
      .describe(
        'What becomes of a client that reads too slowly for messages to many: its connection is closed, it misses messages, or (COALESCE) a newer message takes the place of the one that still waits for it under the same key.',
      ),
    compression: flag().default(false).describe('Whether permessage-deflate is negotiated; AWS never does.'),
    maxFrameBytes: wholeNumber(0, 131_072)
      .default(0)
      .describe(
        'Bytes that a single frame of a client may have before 1009 ends the connection: 32768 on AWS, 0 for no limit. Over uWebSockets.js, which does not show frames, it has no effect.',
      ),
    idleTimeoutInSeconds: wholeNumber(0, 604_800)
      .default(600)
      .describe('Seconds without data until a connection is closed; 0 for never.'),
    connectionLifetimeInSeconds: wholeNumber(0, 2_592_000)
      .default(7_200)
      .describe('Seconds after which a connection is closed; 0 for never.'),
    nullFunctionResult: oneOf(['ERROR', 'SILENCE'])
      .default('ERROR')
      .describe('What a proxy function that returns null means on a one-way route: an error frame, or nothing.'),
    forwardWebSocketHeaders: flag()
      .default(true)
      .describe('Whether HTTP_PROXY backends of $connect get the Sec-WebSocket-* headers, as AWS sends them.'),
    attributesInEvents: flag()
      .default(false)
      .describe(
        'Whether the events of functions tell the user and the attributes of their connection, under requestContext.connection. Beyond AWS.',
      ),
    ...apiModelMembers,
    functions: functionsOfApi,
    integrations: named(integrationSchema, maxIntegrations)
      .default(noEntries)
      .describe('Integrations that routes share, by name.'),
    authorizers: named(authorizerSchema, maxAuthorizers).default(noEntries).describe('Authorizers, by name.'),
    apiKeySelectionExpression: oneOf(['$request.header.x-api-key', '$context.authorizer.usageIdentifierKey'])
      .default('$request.header.x-api-key')
      .describe('Where the API key of a client is found.'),
    routes: record(
      text('$connect, $disconnect, $default, or a key that does not start with $', {
        max: 512,
        pattern: /^(?!\$)|^\$(connect|disconnect|default)$/,
      }),
      routeSchema,
      maxRoutes,
    ).describe('Routes by route key.'),
    stages: stagesOfApi(
      text('a name of 1 to 128 letters, digits, - and _', { max: 128, pattern: /^[\w-]+$/ }),
      stageSchema,
    ),
    ...apiSourceMembers,
  })
  .describe('A WebSocket API (api.yaml).')

refusedMembers.add(apiDefinitionSchema, {
  corsConfiguration: 'AWS has it for HTTP APIs only; allowedOrigins says who may connect',
  apiEndpoint: 'the endpoint follows from apiId and the settings',
})

export type ApiDefinition = z.output<typeof apiDefinitionSchema>
export type RouteDefinition = ApiDefinition['routes'][string]
export type StageDefinition = ApiDefinition['stages'][string]
