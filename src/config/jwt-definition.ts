import { oneOf, refusedMembers, text, wholeNumber } from 'postern-documents/schema-parts'
import { z } from 'zod'

const algorithms = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
  ...['HS256', 'HS384', 'HS512'],
] as [string, ...string[]]

const url = (allowed: string) => text(allowed, { max: 2_048, pattern: /^https?:\/\/\S+$/ })

/** A key of a JWK set (RFC 7517); the room that uses it says which keys are of use. */
const jwk = z.record(z.string(), z.unknown(), { error: 'a JWK, such as {kty: RSA, n: …, e: AQAB}' })

/** The `jwtConfiguration` of an authorizer: AWS's `issuer` and `audience`, and where keys are when not at the issuer's. */
export const jwtConfigurationSchema = z
  .strictObject({
    issuer: url('the URL of the issuer, which is iss of its tokens').describe(
      'The iss of tokens; its keys are found by OpenID discovery.',
    ),
    audience: z
      .array(text('an audience', { max: 512 }), { error: 'a list of audiences' })
      .min(1, { error: 'at least one audience' })
      .max(50, { error: 'at most 50 audiences' })
      .describe('Of which a token has to be for one: its aud, or its client_id where it has no aud.'),
    jwksUri: url('the URL of a JWK set').optional().describe('Where the keys are, in place of discovery.'),
    jwks: z
      .strictObject({ keys: z.array(jwk, { error: 'a list of keys' }).max(100, { error: 'at most 100 keys' }) })
      .optional()
      .describe('The keys themselves, in place of discovery.'),
    jwksFile: text('the path of a file beside api.yaml', { max: 256, pattern: /^(?!\/)(?!.*\.\.)[\w./-]+$/ })
      .optional()
      .describe('A file of keys beside api.yaml, in place of discovery.'),
    secretName: text('the name of a secret of POSTERN_JWT_SECRETS or jwtSecretsFile', { max: 64, pattern: /^[\w-]+$/ })
      .optional()
      .describe('The secret that signs and verifies (HS256, HS384, HS512), in place of keys; from the settings.'),
    algorithms: z
      .array(oneOf(algorithms), { error: 'a list of algorithms' })
      .min(1, { error: 'at least one algorithm' })
      .optional()
      .describe('The algorithms that are taken; every one that fits the keys without it. AWS takes RSA only.'),
    clockToleranceInSeconds: wholeNumber(0, 300).default(5).describe("Seconds by which the issuer's clock may differ."),
  })
  .describe('Which tokens are taken (JWTConfiguration of apigatewayv2).')

refusedMembers.add(jwtConfigurationSchema, {
  secret: 'secrets come from the settings: POSTERN_JWT_SECRETS, which secretName refers to',
})

const jwksMembers = {
  jwks: jwtConfigurationSchema.shape.jwks,
  jwksFile: jwtConfigurationSchema.shape.jwksFile,
}

/** The members that JWT authorizers have beyond `jwtConfiguration`; AWS has none of them. */
const tokenLifeMembers = {
  tokenExpiry: oneOf(['IGNORE', 'CLOSE'])
    .default('IGNORE')
    .describe('CLOSE ends a connection when the token ends with which it was opened.'),
  tokenExpiryWarningInSeconds: wholeNumber(0, 3_600)
    .default(0)
    .describe('Seconds before that in which the client is sent a warning; 0 for none.'),
  tokenRefreshRouteKey: text('a route key that no route has and that does not start with $', {
    max: 512,
    pattern: /^(?!\$)/,
  })
    .optional()
    .describe('The route key of messages whose member token is a new token, with which a client stays.'),
}

const allowedSource =
  'a place of the token: $request.header.<name>, $request.querystring.<name>, $request.cookie.<name> or $request.subprotocol.<name>'

/** The members of an authorizer of tokens beside its type and whose tokens they are. */
const tokenAuthorizerMembers = {
  name: text('a string of 1 to 128 characters', { max: 128 }).optional().describe('For people.'),
  identitySource: z
    .array(
      text(allowedSource, {
        max: 256,
        pattern: /^(?:route\.|\$)request\.(?:header|querystring|cookie|subprotocol)\.[A-Za-z0-9._-]{1,128}$/,
      }),
      { error: 'a list of places' },
    )
    .min(1, { error: 'at least one place' })
    .max(10, { error: 'at most 10 places' })
    .default(['$request.header.Authorization', '$request.subprotocol.bearer'])
    .describe(
      'Where the token may be; the first place that has one counts. AWS has one place, and headers and query only.',
    ),
  ...tokenLifeMembers,
}

/** The members of an authorizer of type `JWT`. */
export const jwtAuthorizerMembers = {
  authorizerType: z.literal('JWT'),
  jwtConfiguration: jwtConfigurationSchema,
  ...tokenAuthorizerMembers,
}

/** The members of an authorizer of type `COGNITO_USER_POOLS`. */
export const cognitoAuthorizerMembers = {
  authorizerType: z.literal('COGNITO_USER_POOLS'),
  providerARNs: z
    .array(text('the ARN of a user pool', { max: 256 }), { error: 'a list of ARNs' })
    .min(1, { error: 'at least one ARN' })
    .max(50, { error: 'at most 50 ARNs' })
    .describe('The user pools whose tokens are taken.'),
  identityValidationExpression: text('a regular expression', { max: 1_024 })
    .optional()
    .describe('What the aud of an ID token has to fit.'),
  ...jwksMembers,
  ...tokenAuthorizerMembers,
}

/** Members that AWS has for authorizers of functions only. */
export const refusedOfTokens = {
  authorizerUri: 'AWS has it for functions only; a token is judged here',
  authorizerCredentialsArn: 'AWS has it for functions only',
  authorizerResultTtlInSeconds: 'what is known of a token stands as long as the token',
}
