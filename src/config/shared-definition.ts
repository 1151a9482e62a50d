import {
  atLeast,
  noEntries,
  oneOf,
  prose,
  record,
  refusedMembers,
  text,
  wholeNumber,
} from 'postern-documents/schema-parts'
import { z } from 'zod'

/** The members that the definitions of APIs of every protocol share, and the bounds of their lists. */

/**
 * Routes of one API, and below it integrations and stages: AWS's quotas are 300, 300 and 10 and may be raised there;
 * ours only keep a definition in bounds.
 */
export const maxRoutes = 10_000
export const maxIntegrations = 10_000
const maxStages = 100
const maxFunctions = 1_000
/** AWS's quota is 10 Lambda authorizers and may be raised there. */
export const maxAuthorizers = 100
/** Characters of an access log format; AWS allows 3 KB ("Quotas for configuring and running a WebSocket API"). */
const maxAccessLogFormat = 3_072

const functionSchema = z
  .strictObject({
    handler: text('<file>.<export>, such as handlers.join; the file lies in the folder of api.yaml', {
      max: 256,
      pattern: /^(?!\/)(?!.*\.\.)[\w./-]+\.[A-Za-z_$][\w$]*$/,
    }).describe('<file>.<export>; the file lies beside api.yaml and ends in .js, .mjs or .cjs.'),
    timeoutInMillis: wholeNumber(1, 900_000).default(3_000).describe('Milliseconds that one call may take.'),
    memoryInMegabytes: wholeNumber(16, 65_536).default(128).describe("Cap of the function's heap."),
    maxConcurrency: wholeNumber(1, 10_000).default(10).describe('How many calls run at once; more wait.'),
    environment: record(
      text('a name of letters, digits and _', { max: 128, pattern: /^[A-Za-z_]\w*$/ }),
      text('a string (numbers and true/false in quotes)', { min: 0, max: 4_096 }),
      1_000,
    )
      .default(noEntries)
      .describe('process.env of the function.'),
  })
  .describe('A local function: the gateway runs it in processes of its own.')

/** Local functions, by name. */
export const functionsOfApi = record(
  text('a name of 1 to 64 letters, digits, - and _', { max: 64, pattern: /^[\w-]+$/ }),
  functionSchema,
  maxFunctions,
)
  .default(noEntries)
  .describe('Local functions, by name.')

const throttling = {
  throttlingRateLimit: atLeast(0).optional().describe('Requests a second, on average.'),
  throttlingBurstLimit: wholeNumber(0, 1_000_000_000).optional().describe('Requests at once.'),
}
const routeSettingsSchema = z.strictObject(throttling).describe('Limits of a route.')
refusedMembers.add(routeSettingsSchema, {
  loggingLevel: "the gateway's logLevel is a setting",
  dataTraceEnabled: 'messages are never written to the log',
  detailedMetricsEnabled: 'metrics are always by route',
})

const accessLogSchema = z.strictObject({
  format: z
    .string({ error: 'a string that contains $context.requestId' })
    .max(maxAccessLogFormat, { error: `at most ${maxAccessLogFormat} characters` })
    .regex(/\$context\.requestId\b|\$context\.extendedRequestId\b/, {
      error: 'a string that contains $context.requestId',
    })
    .describe('One line per event, with $context variables; $context.requestId must be in it.'),
})
refusedMembers.add(accessLogSchema, { destinationArn: 'access logs are written to standard output' })

const stageVariablesSchema = record(
  text('a name of 1 to 64 letters, digits and _', { max: 64, pattern: /^\w+$/ }),
  text('a string of at most 512 characters from A-Z a-z 0-9 - . _ ~ : / ? # & = , (numbers in quotes)', {
    min: 0,
    max: 512,
    pattern: /^[A-Za-z0-9\-._~:/?#&=,]*$/,
  }),
  100,
)

/** Scopes that a route asks a token for. */
export const scopes = z
  .array(text('a scope without spaces', { max: 256, pattern: /^[\x21-\x7e]+$/ }), { error: 'a list of scopes' })
  .max(100, { error: 'at most 100 scopes' })
  .default([])

/** The name of what a route does. */
export const operationName = text('a string of 1 to 64 characters', { max: 64 }).optional().describe('For people.')

/** The members of a stage. */
export const stageMembers = {
  description: prose().optional().describe('For people.'),
  stageVariables: stageVariablesSchema
    .default(noEntries)
    .describe('Values for ${stageVariables.name} in URLs, mappings and templates.'),
  accessLogSettings: accessLogSchema.optional().describe('Access log of this stage; none without it.'),
  defaultRouteSettings: routeSettingsSchema.optional().describe('Limits of every route without its own.'),
  routeSettings: record(text('a route key', { max: 512 }), routeSettingsSchema, maxRoutes)
    .optional()
    .describe('Limits by route key.'),
}

/** The members that AWS has for stages and that a file has no need of. */
export const refusedOfStages = {
  stageName: 'the key under stages is the name',
  deploymentId: 'a definition is deployed when it is loaded',
  autoDeploy: 'a definition is deployed when it is loaded',
  clientCertificateId: 'this version sends no client certificates',
}

/** Things by their names. */
export function named<Schema extends z.ZodType>(schema: Schema, most: number) {
  const name = text('a name of 1 to 128 letters, digits, . - and _', { max: 128, pattern: /^[\w.-]+$/ })
  return record(name, schema, most)
}

/** Stages by their names, of which there is at least one. */
export function stagesOfApi<Schema extends z.ZodType>(name: z.ZodType, schema: Schema) {
  return record(name, schema, maxStages)
    .refine((stages) => Object.keys(stages).length > 0, { error: 'at least one stage, such as dev: {}' })
    .describe('Stages by name; at least one.')
}

/** The URL of an HTTP backend. */
export const httpUri = text('an http:// or https:// URL; ${stageVariables.<name>} may stand in it', {
  max: 4_096,
  pattern: /^(https?:\/\/|\$\{stageVariables\.)/i,
}).describe('The URL of the backend; ${stageVariables.name} may stand in it.')

/** The function behind an integration. */
export const lambdaUri = text(
  "function:<name>, a Lambda function's name or ARN, or arn:aws:apigateway:…:lambda:path/2015-03-31/functions/<ARN>/invocations",
  {
    max: 2_048,
    pattern: /^[\w$.{}:-]+$|^arn:\S+$/,
  },
).describe("function:<name> for a local function, a Lambda function's name or ARN, or AWS's invocation form.")

/** The method of calls of functions. */
export const lambdaMethod = oneOf(['POST'], ' (Lambda functions are invoked with POST)')
  .optional()
  .describe('POST only.')

/** The function or endpoint that authorizes. */
export const authorizerUri = text(
  "function:<name>, a Lambda function's name or ARN, arn:aws:apigateway:…:lambda:path/2015-03-31/functions/<ARN>/invocations, or an http:// or https:// URL",
  { max: 2_048, pattern: /^[\w$.{}:-]+$|^arn:\S+$|^https?:\/\/\S+$/i },
)

/** The members by which an API is known. */
export const apiMembers = {
  apiId: text('1 to 63 characters of a-z, 0-9 and -, starting with a letter or digit', {
    max: 63,
    pattern: /^[a-z0-9][a-z0-9-]*$/,
  }).describe('Names the API in hosts ({apiId}.example.com) and paths (/{apiId}/{stage}).'),
  name: text('a string of 1 to 128 characters', { max: 128 }).optional().describe('For people.'),
  description: prose().optional().describe('For people.'),
}

export type RouteSettings = z.output<typeof routeSettingsSchema>
