import { compileWhole } from 'postern-documents/regex/regex'
import { flag, oneOf, prose, record, refusedMembers, text, wholeNumber } from 'postern-documents/schema-parts'
import { z } from 'zod'
import { httpUri, lambdaMethod, lambdaUri } from './shared-definition.ts'

/** Characters of a mapping template, AWS's cap of 300 KB; the two below it keep a definition in bounds. */
const maxTemplate = 307_200
const maxExpression = 1_024
const maxParameters = 1_000

const template = () =>
  z
    .string({ error: 'a template as a string' })
    .max(maxTemplate, { error: `a template of at most ${maxTemplate} characters` })

const templates = () =>
  record(text('a template key, such as application/json or $default', { max: 256 }), template(), maxParameters)

const expression = () => text(`an expression of 1 to ${maxExpression} characters`, { max: maxExpression })

const requestParameters = () =>
  record(
    text(
      'integration.request.header.<name>, integration.request.querystring.<name> or integration.request.path.<name>',
      {
        max: 512,
        pattern: /^integration\.request\.(header|querystring|path)\.[A-Za-z0-9._$-]+$/,
      },
    ),
    text('a source: route.request.…, context.…, stageVariables.… or a literal in single quotes, as in "\'text\'"', {
      max: 4_096,
    }),
    maxParameters,
  ).describe('What the request to the backend carries, from the message, the handshake or the context.')

const contentHandlingStrategy = () => oneOf(['CONVERT_TO_BINARY', 'CONVERT_TO_TEXT'])

const responseKey = z.string().superRefine((key, context) => {
  if (key === '$default') return
  const allowed = '$default or a regular expression between slashes, such as /2\\d\\d/'
  const pattern = /^\/(.+)\/$/s.exec(key)?.[1]
  if (pattern === undefined || key.length > 512) {
    context.addIssue({ code: 'custom', message: allowed })
    return
  }
  try {
    compileWhole(pattern)
  } catch (error) {
    context.addIssue({ code: 'custom', message: `${allowed} (${(error as Error).message})` })
  }
})

const integrationResponse = z.strictObject({
  responseTemplates: templates().optional().describe('Templates of the answer, by key.'),
  templateSelectionExpression: expression().optional().describe('Which response template is used.'),
  contentHandlingStrategy: contentHandlingStrategy().optional(),
  responseParameters: record(text('a parameter name', { max: 512 }), text('a source', { max: 4_096 }), maxParameters)
    .optional()
    .describe('Headers of the answer to a handshake.'),
})

const common = {
  description: prose().optional().describe('For people.'),
  timeoutInMillis: wholeNumber(50, 29_000).default(29_000).describe('Milliseconds until the call counts as failed.'),
  connectionType: oneOf(['INTERNET'], ' (VPC links are AWS networking; use an http:// URL)')
    .optional()
    .describe('INTERNET only.'),
  payloadFormatVersion: oneOf(['1.0'], ' (in quotes), as AWS has it for WebSocket APIs')
    .optional()
    .describe('1.0 only.'),
  passthroughBehavior: oneOf(['WHEN_NO_MATCH', 'WHEN_NO_TEMPLATES', 'NEVER'])
    .default('WHEN_NO_MATCH')
    .describe('What happens to a message that no request template fits.'),
  contentHandlingStrategy: contentHandlingStrategy()
    .optional()
    .describe('CONVERT_TO_BINARY decodes a base64 message for the backend.'),
}

/** The members that the types that map (AWS, HTTP, MOCK) have beyond the proxies. */
const mapped = {
  requestTemplates: templates().optional().describe('Templates of the request, by key.'),
  templateSelectionExpression: expression().optional().describe('Which request template is used.'),
  integrationResponses: record(responseKey, integrationResponse, maxParameters)
    .optional()
    .describe('How answers are mapped, by $default or /regex/ over the status or the error message.'),
}

const httpMethod = oneOf(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']).describe(
  'The method of every request to the backend.',
)

const everywhere = {
  credentialsArn: 'there are no IAM roles here; Lambda calls are signed with the AWS_* credentials of the environment',
  tlsConfig: 'AWS has it for HTTP APIs only; certificates are checked against the host of integrationUri',
  connectionId: 'there are no VPC links here; the gateway reaches whatever its host reaches',
  integrationSubtype: 'AWS has it for HTTP APIs only',
  integrationId: 'the name under integrations is the id',
  responseParameters: 'they belong into integrationResponses.<key>.responseParameters',
  integrationResponseSelectionExpression: 'it is fixed for WebSocket APIs: the status, or the error message of Lambda',
}

const proxied = {
  ...everywhere,
  requestTemplates: 'a proxy passes messages on as they are; integrationType HTTP or AWS has templates',
  templateSelectionExpression: 'a proxy has no templates; integrationType HTTP or AWS has',
  integrationResponses: 'a proxy passes answers on as they are; integrationType HTTP or AWS has integration responses',
}

const mocked = {
  ...everywhere,
  integrationUri: 'a MOCK has no backend',
  integrationMethod: 'a MOCK has no backend',
  requestParameters: 'a MOCK has no backend',
}

const grouped = {
  ...everywhere,
  integrationUri: 'a GROUP has no backend',
  integrationMethod: 'a GROUP has no backend',
  requestParameters: 'a GROUP has no backend',
}

const pattern = z.string({ error: 'a regular expression' }).superRefine((text, context) => {
  if (text.length > 512) context.addIssue({ code: 'custom', message: 'a regular expression of at most 512 characters' })
  else {
    try {
      compileWhole(text)
    } catch (error) {
      context.addIssue({ code: 'custom', message: `a regular expression (${(error as Error).message})` })
    }
  }
})

/** The members that name a group. */
export const groupNameMembers = {
  groupName: text('the name of a group, in which ${request.body.<path>} and the like may stand', {
    max: 1_024,
  }).describe('The group; ${request.body.<path>}, ${context.<variable>} and the like may stand in it.'),
  groupNamePattern: pattern
    .optional()
    .describe('A regular expression that the whole name has to match: which groups clients may name.'),
}

function refusing<Schema extends z.ZodType>(schema: Schema, refused: Readonly<Record<string, string>>): Schema {
  refusedMembers.add(schema, refused)
  return schema
}

/**
 * The schema of an integration, checked by its type. Its output fits an `IntegrationDefinition` of
 * integrations/contract.ts.
 */
export const integrationSchema = z
  .discriminatedUnion('integrationType', [
    refusing(
      z.strictObject({
        integrationType: z.literal('AWS_PROXY'),
        integrationUri: lambdaUri,
        integrationMethod: lambdaMethod,
        requestParameters: requestParameters().optional(),
        ...common,
      }),
      proxied,
    ),
    refusing(
      z.strictObject({
        integrationType: z.literal('AWS'),
        integrationUri: lambdaUri,
        integrationMethod: lambdaMethod,
        requestParameters: requestParameters().optional(),
        ...mapped,
        ...common,
      }),
      everywhere,
    ),
    refusing(
      z.strictObject({
        integrationType: z.literal('HTTP_PROXY'),
        integrationUri: httpUri,
        integrationMethod: httpMethod,
        requestParameters: requestParameters().optional(),
        ...common,
      }),
      proxied,
    ),
    refusing(
      z.strictObject({
        integrationType: z.literal('HTTP'),
        integrationUri: httpUri,
        integrationMethod: httpMethod,
        requestParameters: requestParameters().optional(),
        ...mapped,
        ...common,
      }),
      everywhere,
    ),
    refusing(z.strictObject({ integrationType: z.literal('MOCK'), ...mapped, ...common }), mocked),
    refusing(
      z.strictObject({
        integrationType: z.literal('GROUP'),
        groupAction: oneOf(['JOIN', 'LEAVE', 'SEND', 'COUNT']).describe(
          'Whether whoever sends the message joins the group, leaves it, sends it to the group, or asks how many are in it.',
        ),
        ...groupNameMembers,
        exceptSelf: flag().default(false).describe('Whether SEND spares the connection that sends the message.'),
        filter: text('a filter, in which ${request.body.<path>} and the like may stand in place of a text in quotes', {
          max: 2_048,
        })
          .optional()
          .describe('A filter: whom of the group SEND reaches; ${…} may stand in place of each text in quotes.'),
        coalesce: text('a key, in which ${request.body.<path>} and the like may stand', { max: 1_024 })
          .optional()
          .describe('The key under which what SEND sends takes the place of what waits for slow clients.'),
        ...mapped,
        ...common,
      }),
      grouped,
    ),
  ])
  .describe('A backend behind routes (Integration of apigatewayv2).')
