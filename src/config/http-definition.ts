import {
  flag,
  noEntries,
  oneOf,
  prose,
  record,
  refusedMembers,
  text,
  wholeNumber,
} from 'postern-documents/schema-parts'
import { z } from 'zod'
import { parseRouteKey } from '../routing/route-key.ts'
import { isCorsOrigin } from '../vocabulary/cors-origin.ts'
import { jwtConfigurationSchema } from './jwt-definition.ts'
import {
  apiMembers,
  authorizerUri,
  functionsOfApi,
  httpUri,
  lambdaMethod,
  lambdaUri,
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

/** Parameters of one integration, and origins, methods and headers of one list; ours only keep a definition in bounds. */
const maxParameters = 1_000
const maxListed = 1_000

const parameters = (place: string) => record(text(place, { max: 512 }), parameterValue, maxParameters)
const parameterValue = z
  .string({ error: 'a text, in which $request.…, $context.… and $stageVariables.… stand for values' })
  .max(4_096, { error: 'a text of at most 4096 characters' })

const common = {
  description: prose().optional().describe('For people.'),
  timeoutInMillis: wholeNumber(50, 30_000).default(30_000).describe('Milliseconds until the call counts as failed.'),
  connectionType: oneOf(['INTERNET'], ' (VPC links are AWS networking; use an http:// URL)')
    .optional()
    .describe('INTERNET only.'),
  requestParameters: parameters(
    'append:, overwrite: or remove: with header.<name> or querystring.<name>, or overwrite:path',
  )
    .optional()
    .describe('What becomes of the headers, the query and the path of requests.'),
  responseParameters: record(
    text('a status from 200 to 599, in quotes', { max: 3, pattern: /^[2-5]\d\d$/ }),
    parameters('append:, overwrite: or remove: with header.<name>, or overwrite:statuscode'),
    400,
  )
    .optional()
    .describe('What becomes of the headers and the status of answers, by their status.'),
}

const refused = {
  credentialsArn: 'there are no IAM roles here; Lambda calls are signed with the AWS_* credentials of the environment',
  connectionId: 'there are no VPC links here; the gateway reaches whatever its host reaches',
  integrationSubtype: 'this version calls functions and HTTP backends only',
  tlsConfig: 'certificates are checked against the host of integrationUri',
  integrationId: 'the name under integrations is the id',
  requestTemplates: 'AWS has templates for REST and WebSocket APIs only',
  integrationResponses: 'AWS has them for REST and WebSocket APIs only; see responseParameters',
}

const httpProxySchema = z.strictObject({
  integrationType: z.literal('HTTP_PROXY'),
  integrationUri: httpUri,
  integrationMethod: oneOf(['ANY', 'GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'])
    .default('ANY')
    .describe("The method of requests to the backend; ANY for the client's own."),
  payloadFormatVersion: oneOf(['1.0'], ' (in quotes)').default('1.0').describe('1.0 only.'),
  ...common,
})

const functionProxySchema = z.strictObject({
  integrationType: z.literal('AWS_PROXY'),
  integrationUri: lambdaUri,
  integrationMethod: lambdaMethod,
  payloadFormatVersion: oneOf(['1.0', '2.0'], ' (in quotes)')
    .default('2.0')
    .describe("The format of the function's event and of its answer."),
  ...common,
})
refusedMembers.add(httpProxySchema, refused)
refusedMembers.add(functionProxySchema, refused)

const integrationSchema = z
  .discriminatedUnion('integrationType', [httpProxySchema, functionProxySchema])
  .describe('A backend behind routes (Integration of apigatewayv2).')

const identitySources = (places: string, pattern: RegExp) =>
  z
    .array(text(`a source: ${places}`, { max: 512, pattern }), { error: 'a list of sources' })
    .max(50, { error: 'at most 50 sources' })

const authorizerRefused = {
  authorizerId: 'the name under authorizers is the id',
  authorizerCredentialsArn:
    'there are no IAM roles here; calls are signed with the AWS_* credentials of the environment',
}

const jwtSchema = z.strictObject({
  authorizerType: z.literal('JWT'),
  name: text('a string of 1 to 128 characters', { max: 128 }).optional().describe('For people.'),
  jwtConfiguration: jwtConfigurationSchema,
  identitySource: identitySources(
    '$request.header.<name> or $request.querystring.<name>',
    /^\$request\.(?:header|querystring)\.[A-Za-z0-9._-]{1,128}$/,
  )
    .min(1, { error: 'at least one source' })
    .default(['$request.header.Authorization'])
    .describe('Where the token may be; the first place that has one counts. AWS has one place.'),
})
const requestSchema = z.strictObject({
  authorizerType: z.literal('REQUEST'),
  name: text('a string of 1 to 128 characters', { max: 128 }).optional().describe('For people.'),
  authorizerUri: authorizerUri.describe(
    'Who decides: function:<name>, a Lambda function, or (beyond AWS) an HTTP endpoint that gets the same event with POST.',
  ),
  authorizerPayloadFormatVersion: oneOf(['1.0', '2.0'], ' (in quotes)')
    .default('2.0')
    .describe("The format of the function's event."),
  enableSimpleResponses: flag()
    .default(false)
    .describe('Whether the function answers isAuthorized instead of a policy; format 2.0 only.'),
  identitySource: identitySources(
    '$request.header.<name>, $request.querystring.<name>, $stageVariables.<name> or $context.<name>',
    /^\$(?:request\.(?:header|querystring)|stageVariables|context)\.[A-Za-z0-9._-]+$/,
  )
    .default([])
    .describe('What a client must show; without one of them it is refused with 401 and nobody is asked.'),
  authorizerResultTtlInSeconds: wholeNumber(0, 3_600)
    .default(0)
    .describe('Seconds that an answer is remembered for the same identity; 0 for not at all.'),
  timeoutInMillis: wholeNumber(50, 29_000)
    .default(10_000)
    .describe('Milliseconds until asking counts as failed. AWS has no such member.'),
})
refusedMembers.add(jwtSchema, authorizerRefused)
refusedMembers.add(requestSchema, authorizerRefused)

const authorizerSchema = z
  .discriminatedUnion('authorizerType', [jwtSchema, requestSchema])
  .describe('Who decides about a request (Authorizer of apigatewayv2).')

const routeSchema = z
  .strictObject({
    integration: z
      .union([text('the name of an integration', { max: 128 }), integrationSchema])
      .optional()
      .describe('The name of an integration, or one in place.'),
    authorizationType: oneOf(['NONE', 'AWS_IAM', 'CUSTOM', 'JWT'])
      .default('NONE')
      .describe('Who may call: anyone, who signs with an access key, whom a function or a token lets in.'),
    authorizerId: text('the name of an authorizer', { max: 128 })
      .optional()
      .describe('The authorizer of CUSTOM or JWT, by its name under authorizers.'),
    authorizationScopes: scopes.describe("Scopes of which the client's token needs one."),
    operationName,
  })
  .describe('What happens to the requests for one route key.')
refusedMembers.add(routeSchema, {
  target: "'integration' names the integration",
  routeId: 'the route key is the id',
  routeKey: 'the key under routes is the route key',
  apiKeyRequired: 'AWS has API keys for REST and WebSocket APIs only',
  requestModels: 'AWS has models for REST and WebSocket APIs only',
  requestParameters: 'AWS has required parameters for REST and WebSocket APIs only',
  routeResponse: 'AWS has route responses for WebSocket APIs only',
})

const routeKey = z.string({ error: 'a route key' }).superRefine((key, context) => {
  const { fault } = parseRouteKey(key)
  if (fault !== null) context.addIssue({ code: 'custom', message: fault })
})

const stageSchema = z.strictObject({ ...stageMembers }).describe('A place where the API is served: /{apiId}/{stage}.')
refusedMembers.add(stageSchema, refusedOfStages)

const list = (allowed: string, pattern: RegExp) =>
  z
    .array(text(allowed, { max: 256, pattern }), { error: 'a list' })
    .max(maxListed, { error: `at most ${maxListed} entries` })

const token = /^(?:\*|[!#$%&'*+.^_`|~0-9A-Za-z-]+)$/

const corsSchema = z
  .strictObject({
    allowOrigins: z
      .array(
        z.string({ error: 'an origin as a string' }).refine(isCorsOrigin, {
          error: "'*', http://*, https://* or an origin such as https://app.example",
        }),
        { error: 'a list of origins' },
      )
      .max(maxListed, { error: `at most ${maxListed} origins` })
      .optional()
      .describe('Origins whose pages may read answers.'),
    allowMethods: list("a method in upper case, or '*'", /^(?:\*|[A-Z]+)$/)
      .optional()
      .describe('Methods that a preflight is told of.'),
    allowHeaders: list("the name of a header, or '*'", token).optional().describe('Headers that pages may send.'),
    exposeHeaders: list("the name of a header, or '*'", token).optional().describe('Headers that pages may read.'),
    maxAge: wholeNumber(-1, 86_400).optional().describe('Seconds that browsers keep the answer to a preflight.'),
    allowCredentials: flag().optional().describe('Whether pages may send cookies and credentials.'),
  })
  .refine(({ allowCredentials, allowOrigins }) => !(allowCredentials && allowOrigins?.includes('*')), {
    error: "allowCredentials is not possible where allowOrigins is '*'",
  })
  .describe('What pages of other origins may do (CORS); the gateway answers preflights itself.')

/** An HTTP API as `api.yaml` spells it, after defaults. Names and values are those of apigatewayv2. */
export const httpDefinitionSchema = z
  .strictObject({
    ...apiMembers,
    protocolType: z.literal('HTTP').describe('HTTP.'),
    corsConfiguration: corsSchema.optional(),
    functions: functionsOfApi,
    integrations: named(integrationSchema, maxIntegrations)
      .default(noEntries)
      .describe('Integrations that routes share, by name.'),
    authorizers: named(authorizerSchema, maxAuthorizers).default(noEntries).describe('Authorizers, by name.'),
    routes: record(routeKey, routeSchema, maxRoutes).describe(
      'Routes by route key: a method and a path, such as GET /pets/{id}, or $default.',
    ),
    stages: stagesOfApi(
      text('$default, or a name of 1 to 128 letters, digits, - and _', {
        max: 128,
        pattern: /^(?:\$default|[\w-]+)$/,
      }),
      stageSchema,
    ),
    disableExecuteApiEndpoint: apiSourceMembers.disableExecuteApiEndpoint,
    allowedNetworks: apiSourceMembers.allowedNetworks,
    deniedNetworks: apiSourceMembers.deniedNetworks,
  })
  .describe('An HTTP API (api.yaml).')
refusedMembers.add(httpDefinitionSchema, {
  routeSelectionExpression: 'it is fixed for HTTP APIs: ${request.method} ${request.path}',
  apiEndpoint: 'the endpoint follows from apiId and the settings',
  policy: 'AWS has resource policies for REST and WebSocket APIs only; see allowedNetworks',
  allowedOrigins: 'corsConfiguration says what pages of other origins may do',
  models: 'AWS has models for REST and WebSocket APIs only',
})

export type HttpDefinition = z.output<typeof httpDefinitionSchema>
export type HttpRouteDefinition = HttpDefinition['routes'][string]
export type HttpStageDefinition = HttpDefinition['stages'][string]
export type CorsDefinition = NonNullable<HttpDefinition['corsConfiguration']>
