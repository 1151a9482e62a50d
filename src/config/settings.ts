import { flag, oneOf, refusedMembers, text, wholeNumber } from 'postern-documents/schema-parts'
import { z } from 'zod'
import type { UsageModel } from '../usage/contract.ts'
import type { AwsCredentials } from '../vocabulary/aws-credentials.ts'
import { parseRedisAddress, type RedisAddress, redisAddressForm } from '../vocabulary/redis-address.ts'
import { type Credentials, credentialsSchema } from './credentials.ts'
import { allowedHost, domain } from './domain-settings.ts'
import { lambda } from './lambda-settings.ts'
import { apiId, path, setting } from './setting.ts'
import { sourceMembers } from './source-settings.ts'
import { type ThrottleSettings, throttleMembers } from './throttle-settings.ts'
import { tls } from './tls-settings.ts'
import { networks } from './trusted-networks.ts'
import { usageMembers } from './usage-plans.ts'

/** Workers that one machine may have: more than it has cores for. */
const maxWorkers = 64

const port = (allowed = '') => wholeNumber(0, 65_535, allowed)
const hostName = () =>
  text('an address or a host name, such as 127.0.0.1 or 0.0.0.0', { max: 253, pattern: /^[\w.:%-]+$/ })
const authorization = () => oneOf(['NONE', 'TOKEN', 'AWS_IAM'])

const httpOrigin = z
  .string({ error: 'an origin such as http://keycloak:8080' })
  .refine((given) => URL.canParse(given) && /^https?:/.test(given) && new URL(given).origin === given, {
    error: 'an origin such as http://keycloak:8080, without a path',
  })

const redisUrl = z
  .string({ error: redisAddressForm })
  .max(4_096, { error: redisAddressForm })
  .superRefine((text, context) => {
    const parsed = parseRedisAddress(text)
    if (parsed === null) context.addIssue({ code: 'custom', message: redisAddressForm })
    else if (parsed.password !== null) context.addIssue({ code: 'custom', message: passwordApart })
  })

const passwordApart = 'a URL without a password, which comes from POSTERN_REDIS_PASSWORD or redisPasswordFile'

/** `postern.yaml`: every setting that is not a secret. Flags and POSTERN_* variables spell the same members. */
export const settingsFileSchema = z
  .strictObject({
    dir: setting(
      { group: 'Serving', value: 'dir' },
      'The folder of the API definitions, a folder each.',
      path(),
    ).default('routes'),
    host: setting(
      { group: 'Serving', value: 'address' },
      'Address to listen on. Another than loopback needs connectionsAuthorization.',
      hostName(),
    ).default('127.0.0.1'),
    port: setting(
      { group: 'Serving', value: 'number', short: 'p' },
      'Port for WebSockets and @connections; 0 for a free one.',
      port(),
    ).default(8080),
    managementHost: setting(
      { group: 'Serving', value: 'address' },
      'Address of the management port. Another than loopback needs managementAuthorization.',
      hostName(),
    ).default('127.0.0.1'),
    managementPort: setting(
      { group: 'Serving', value: 'number' },
      'Port for /healthz, /readyz and /metrics; 0 for a free one.',
      port(),
    ).default(8081),
    tls: tls.optional().describe('TLS on the port; plain TCP without it.'),
    transport: setting(
      { group: 'Serving', value: 'auto|uws|node' },
      "The server underneath: uWebSockets.js (uws), Node.js's own (node), or the first where a build of it loads (auto).",
      oneOf(['auto', 'uws', 'node']),
    ).default('auto'),
    uwsModule: setting(
      { group: 'Serving', value: 'package' },
      'A build of uWebSockets.js that you have installed, tried before the one that comes with Postern: a package or an absolute path.',
      text('the name of a package or an absolute path', {
        max: 4_096,
        pattern: /^(?:\/.+|[A-Za-z]:[\\/].+|(?:@[\w.-]+\/)?\w[\w.-]*)$/,
      }),
    ).optional(),
    defaultApi: setting(
      { group: 'Serving', value: 'apiId' },
      'The API behind /{stage}; the only one when there is one only.',
      apiId(),
    ).optional(),
    domains: z
      .array(domain, { error: 'a list of domains' })
      .max(1_000, { error: 'at most 1000 domains' })
      .default([])
      .describe('Custom domains and what they map to.'),
    allowedHosts: setting(
      { group: 'Serving', value: 'names' },
      'Names that clients may reach the gateway under, *.example.com for all below one; any when empty. Loopback names and domains always may.',
      z.array(allowedHost, { error: 'a list of host names' }).max(1_000, { error: 'at most 1000 names' }),
    ).default([]),
    watch: setting(
      { group: 'Serving' },
      'Reload definitions and certificates when their files change.',
      flag(),
    ).default(false),
    drainSeconds: setting(
      { group: 'Serving', value: 'seconds' },
      'Over how long a shutdown spreads the ends of open connections.',
      wholeNumber(0, 86_400),
    ).default(30),
    drainDelaySeconds: setting(
      { group: 'Serving', value: 'seconds' },
      'How long a shutdown only says no at /readyz before that, still serving all, so that a load balancer notices.',
      wholeNumber(0, 3_600),
    ).default(0),

    workers: setting(
      { group: 'Fleet', value: 'number' },
      'Processes that serve the port together, under one that starts, watches and replaces them. More than one need redis.',
      wholeNumber(1, maxWorkers),
    ).default(1),
    redis: setting(
      { group: 'Fleet', value: 'url' },
      'The Redis (7 or later) through which workers act as one: redis://host:6379, rediss:// for TLS, redis+sentinel://host,host/master, several URLs for a Cluster. A worker is alone without it.',
      redisUrl,
    ).optional(),
    redisPasswordFile: setting({ group: 'Fleet', value: 'file' }, 'File of the password for Redis.', path()).optional(),
    redisCaFile: setting(
      { group: 'Fleet', value: 'file' },
      'PEM file of the authority that signed the certificate of Redis.',
      path(),
    ).optional(),
    redisKeyPrefix: setting(
      { group: 'Fleet', value: 'text' },
      'What all keys and channels in Redis begin with. Fleets that share a Redis have one each.',
      text('letters, digits and . _ : / -, at most 64', { max: 64, pattern: /^[\w.:/-]*$/ }),
    ).default('postern:'),
    leaseSeconds: setting(
      { group: 'Fleet', value: 'seconds' },
      'How long a worker counts as alive after its last sign of life, given three times as often. The same for a whole fleet.',
      wholeNumber(3, 300),
    ).default(15),
    workerName: setting(
      { group: 'Fleet', value: 'name' },
      'Name of this worker for people: in logs and in postern workers. Host name and port when unset, such as web-1:8080.',
      text('letters, digits and . _ -, at most 64', { max: 64, pattern: /^[\w.-]+$/ }),
    ).optional(),

    connectionsAuthorization: setting(
      { group: 'Callers', value: 'type' },
      'Who may call @connections: NONE (anyone), TOKEN (bearers of a token) or AWS_IAM (who signs with an access key of credentials). TOKEN when there are tokens, else AWS_IAM when there are credentials, else NONE on loopback only.',
      authorization(),
    ).optional(),
    connectionsTokensFile: setting(
      { group: 'Callers', value: 'file' },
      'File of the tokens for @connections, one a line.',
      path(),
    ).optional(),
    managementAuthorization: setting(
      { group: 'Callers', value: 'type' },
      'Who may use the management port: NONE (anyone), TOKEN (bearers of a token) or AWS_IAM (who signs with an access key of credentials). TOKEN when there are tokens, else NONE on loopback only.',
      authorization(),
    ).optional(),
    managementTokensFile: setting(
      { group: 'Callers', value: 'file' },
      'File of the tokens for the management port, one a line.',
      path(),
    ).optional(),
    jwtTrustedOrigins: setting(
      { group: 'Callers', value: 'origins' },
      "Origins from which keys of JWT issuers may be fetched although they have no TLS, or are not their issuer's own: http://keycloak:8080.",
      z.array(httpOrigin, { error: 'a list of origins' }).max(100, { error: 'at most 100 origins' }),
    ).default([]),
    jwtSecretsFile: setting(
      { group: 'Callers', value: 'file' },
      'File of the secrets of JWT authorizers, a name=secret on each line.',
      path(),
    ).optional(),
    usageFile: setting(
      { group: 'Callers', value: 'file' },
      'File that keeps the counts of API keys, where there is no Redis. Without one they end with the process.',
      path(),
    ).optional(),
    revocationsFile: setting(
      { group: 'Callers', value: 'file' },
      'File that keeps revocations, where there is no Redis. Without one they end with the process.',
      path(),
    ).optional(),
    trustedProxies: setting(
      { group: 'Callers', value: 'networks' },
      "Proxies whose X-Forwarded-For gives the client's address, and whose -Proto, -Port and -Prefix are believed (CIDR; with commas in a flag or variable).",
      networks(),
    ).default([]),
    ...sourceMembers,

    credentials: credentialsSchema
      .optional()
      .describe('Users who sign requests with access keys (Signature Version 4), and what each of them may do.'),
    ...usageMembers,

    lambda: lambda.prefault({}).describe('How functions that are not local are invoked.'),
    connectTimeoutInMillis: setting(
      { group: 'Backends', value: 'milliseconds' },
      'How long connecting to a backend may take.',
      wholeNumber(1, 29_000),
    ).default(3_000),
    maxBackendConnections: setting(
      { group: 'Backends', value: 'number' },
      'Connections to one backend (origin); more calls wait.',
      wholeNumber(1, 100_000),
    ).default(128),
    maxIntegrationResponseBytes: setting(
      { group: 'Backends', value: 'bytes' },
      "A backend's answer above this is a failure.",
      wholeNumber(1_024, 268_435_456),
    ).default(10_485_760),

    ...throttleMembers,
    maxConnections: setting(
      { group: 'Limits', value: 'number' },
      'Open connections of this process; more are refused with 503.',
      wholeNumber(1, 10_000_000),
    ).default(100_000),
    maxBufferedBytes: setting(
      { group: 'Limits', value: 'bytes' },
      'Bytes that may wait for one client; a post beyond gets 429, a reply beyond closes the connection.',
      wholeNumber(1_024, 1_073_741_824),
    ).default(1_048_576),
    maxWaitingBytes: setting(
      { group: 'Limits', value: 'bytes' },
      'Bytes that may wait for all clients of this process that read too slowly; beyond, each is treated as if too much waited for it.',
      wholeNumber(65_536, 1_099_511_627_776),
    ).default(268_435_456),
    maxMessagesInFlight: setting(
      { group: 'Limits', value: 'number' },
      'Messages of one connection that wait for their integration; more get Too Many Requests.',
      wholeNumber(1, 1_000_000),
    ).default(128),
    maxOrderedQueue: setting(
      { group: 'Limits', value: 'number' },
      'Messages of one connection that wait for their turn where messageOrdering is CONNECTION.',
      wholeNumber(1, 1_000_000),
    ).default(64),
    maxGroupsPerConnection: setting(
      { group: 'Limits', value: 'number' },
      'Groups that one connection may be in; joining a further one is refused.',
      wholeNumber(1, 10_000),
    ).default(100),
    pingIntervalInSeconds: setting(
      { group: 'Limits', value: 'seconds' },
      'Silence after which a client is pinged, and dropped when it does not answer; 0 for never.',
      z
        .int({ error: '0, or a whole number from 8 to 960' })
        .refine((seconds) => seconds === 0 || (seconds >= 8 && seconds <= 960), {
          error: '0, or a whole number from 8 to 960',
        }),
    ).default(60),

    idempotencyWindowInSeconds: setting(
      { group: 'Options', value: 'seconds' },
      'Time for which an Idempotency-Key of a call counts, from the first call on.',
      wholeNumber(1, 86_400),
    ).default(300),
    disconnectCodeAndReason: setting(
      { group: 'Options' },
      'Let DELETE @connections choose the close frame with ?code= and ?reason=. AWS has no such thing.',
      flag(),
    ).default(false),
    binaryFrames: setting(
      { group: 'Options' },
      'Let POST @connections send a binary frame with ?frame=binary. AWS sends text only.',
      flag(),
    ).default(false),
    playground: setting({ group: 'Options' }, 'Serve the playground on the management port.', flag()).default(true),
    logLevel: setting(
      { group: 'Options', value: 'level' },
      'debug, info, warn, error or silent.',
      oneOf(['debug', 'info', 'warn', 'error', 'silent']),
    ).default('info'),
    logFormat: setting(
      { group: 'Options', value: 'auto|json|text' },
      'How the log is written: JSON, a line each, or text for people. auto is text at a terminal and JSON elsewhere.',
      oneOf(['auto', 'json', 'text']),
    ).default('auto'),
  })
  .describe('Settings of a Postern process (postern.yaml).')

const inEnvironment = {
  connectionsTokens: 'secrets come from the environment (POSTERN_CONNECTIONS_TOKENS) or a file (connectionsTokensFile)',
  managementTokens: 'secrets come from the environment (POSTERN_MANAGEMENT_TOKENS) or a file (managementTokensFile)',
  jwtSecrets: 'secrets come from the environment (POSTERN_JWT_SECRETS) or a file (jwtSecretsFile)',
}
refusedMembers.add(settingsFileSchema, {
  ...inEnvironment,
  redisPassword: 'secrets come from the environment (POSTERN_REDIS_PASSWORD) or a file (redisPasswordFile)',
})

/** The secrets by the environment variable that holds them. Values with commas are lists. */
export const secretVariables = {
  POSTERN_CONNECTIONS_TOKENS: 'Tokens for @connections, separated by commas; each of them is valid.',
  POSTERN_MANAGEMENT_TOKENS: 'Tokens for the management port, separated by commas; each of them is valid.',
  POSTERN_JWT_SECRETS: 'Secrets of JWT authorizers, name=secret separated by commas; those of one name are all valid.',
  POSTERN_TLS_PASSPHRASE: 'Passphrase of tls.key, and of the keys of domains that are encrypted.',
  POSTERN_REDIS_PASSWORD: 'Password for Redis. Only POSTERN_REDIS may have it inside the URL.',
  POSTERN_REDIS_SENTINEL_PASSWORD: 'Password for the Sentinels, where they have one.',
} as const

/** A secret that definitions know by its name. */
export interface NamedSecret {
  readonly name: string
  readonly secret: string
}

/** Settings as the file, the environment and the command line give them together, before secrets are read. */
export type GivenSettings = z.output<typeof settingsFileSchema>

/**
 * The settings of one process, complete: defaults filled in, files of tokens read, paths as seen from the working directory.
 * Secrets are in `connectionsTokens`, `managementTokens`, `jwtSecrets`, `credentials`, `usage`, `tls.passphrase`, `redis.password`,
 * `redis.sentinelPassword` and `lambda.credentials` and nowhere else.
 */
export interface Settings
  extends Omit<
      GivenSettings,
      | 'connectionsAuthorization'
      | 'managementAuthorization'
      | 'connectionsTokensFile'
      | 'managementTokensFile'
      | 'credentials'
      | 'apiKeys'
      | 'usagePlans'
      | 'usagePrices'
      | 'usageFile'
      | 'revocationsFile'
      | keyof ThrottleSettings
      | 'jwtSecretsFile'
      | 'tls'
      | 'lambda'
      | 'defaultApi'
      | 'redis'
      | 'redisPasswordFile'
      | 'redisCaFile'
      | 'redisKeyPrefix'
      | 'clientCertificateHeader'
      | 'workerName'
      | 'uwsModule'
    >,
    ThrottleSettings {
  readonly connectionsAuthorization: 'NONE' | 'TOKEN' | 'AWS_IAM'
  /** Tokens for `@connections`, all valid at once; empty when the authorization is NONE. */
  readonly connectionsTokens: readonly string[]
  readonly managementAuthorization: 'NONE' | 'TOKEN' | 'AWS_IAM'
  readonly managementTokens: readonly string[]
  /** The users who may sign requests; null where nobody is named. */
  readonly credentials: Credentials | null
  /** API keys and usage plans. */
  readonly usage: UsageModel
  /** Path of the file of their counts; null for none. */
  readonly usageFile: string | null
  /** Path of the file of revocations; null for none. */
  readonly revocationsFile: string | null
  /** Secrets of JWT authorizers by name; several of one name are valid at once. */
  readonly jwtSecrets: readonly NamedSecret[]
  /** Files of the certificate; null for plain TCP. */
  readonly tls: {
    readonly certificate: string
    readonly key: string
    readonly passphrase: string | null
    /** File of the authorities of client certificates; null where clients need none. */
    readonly clientCa: string | null
  } | null
  readonly lambda: {
    /** URL of the Lambda API; null for AWS's own. */
    readonly endpoint: string | null
    readonly region: string
    /** Keys that sign calls; null when the environment has none: calls are then sent unsigned. */
    readonly credentials: AwsCredentials | null
  }
  /** The fleet's Redis; null for a worker that is alone. */
  readonly redis: {
    readonly address: RedisAddress
    readonly password: string | null
    readonly sentinelPassword: string | null
    /** Path of a PEM file; null for the authorities that Node.js knows. */
    readonly ca: string | null
    readonly keyPrefix: string
  } | null
  /** Header of client certificates from trusted proxies, in lower case; null for none. */
  readonly clientCertificateHeader: string | null
  /** A build of uWebSockets.js that the operator has installed; null for none. */
  readonly uwsModule: string | null
  /** Name of the worker; null to make it of the name of the machine and the port. */
  readonly workerName: string | null
  /** Id of the API behind `/{stage}`; null for the only API, when there is one only. */
  readonly defaultApi: string | null
}
