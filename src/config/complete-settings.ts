import { isIP } from 'node:net'
import type { Finding } from 'postern-documents/faults'
import { parseRedisAddress } from '../vocabulary/redis-address.ts'
import { checkCredentials, completeCredentials } from './credentials.ts'
import type { Secrets } from './read-secrets.ts'
import type { GivenSettings, Settings } from './settings.ts'
import { checkSourceLimits, completeThrottles } from './throttle-settings.ts'
import { checkUsage, completeUsage } from './usage-plans.ts'

/** The form of a token (RFC 6750 §2.1, `b64token`): anything else can't be sent as a bearer token. */
const tokenPattern = /^[A-Za-z0-9\-._~+/]+=*$/
const maxTokenLength = 4_096

/**
 * Joins settings and secrets, and refuses what would leave a door open: callers of a port that is not on loopback
 * are authenticated, or the operator has written that they are not.
 */
export function completeSettings(given: GivenSettings, secrets: Secrets): { settings: Settings; findings: Finding[] } {
  const {
    connectionsTokensFile: _,
    managementTokensFile: __,
    redisPasswordFile: ___,
    jwtSecretsFile: _s,
    apiKeys: _keys,
    usagePlans: _plans,
    usagePrices: _prices,
    ...named
  } = given
  const { tls, lambda, redis: ____, redisCaFile: _____, redisKeyPrefix: ______, workerName, ...rest } = named
  const region = lambda.region ?? secrets.aws.region ?? 'us-east-1'
  const credentials = completeCredentials(given.credentials, secrets.accessKeys, region)
  const connections = authorize('connections', given, secrets.connectionsTokens)
  const management = authorize('management', given, secrets.managementTokens)
  const settings: Settings = {
    ...rest,
    connectionsAuthorization: connections.authorization,
    connectionsTokens: connections.authorization === 'TOKEN' ? secrets.connectionsTokens : [],
    managementAuthorization: management.authorization,
    managementTokens: management.authorization === 'TOKEN' ? secrets.managementTokens : [],
    credentials,
    ...completeThrottles(given),
    usageFile: given.usageFile ?? null,
    revocationsFile: given.revocationsFile ?? null,
    usage: completeUsage(given, secrets.apiKeys),
    jwtSecrets: secrets.jwtSecrets,
    defaultApi: given.defaultApi ?? null,
    workerName: workerName ?? null,
    clientCertificateHeader: given.clientCertificateHeader?.toLowerCase() ?? null,
    uwsModule: given.uwsModule ?? null,
    redis: completeRedis(given, secrets),
    tls: tls === undefined ? null : { ...tls, clientCa: tls.clientCa ?? null, passphrase: secrets.tlsPassphrase },
    lambda: {
      endpoint: lambda.endpoint ?? null,
      region,
      credentials: secrets.aws.credentials,
    },
  }
  const findings = [
    ...secrets.findings,
    ...connections.findings,
    ...management.findings,
    ...checkExposure('host', given.host, 'connections', given.connectionsAuthorization, connections.authorization),
    ...checkExposure(
      'managementHost',
      given.managementHost,
      'management',
      given.managementAuthorization,
      management.authorization,
    ),
    ...checkAgreement(given),
  ]
  return { settings, findings }
}

/** Checks that settings fit each other, whatever else the place of work has: secrets, files, others that listen. */
export function checkAgreement(given: GivenSettings): Finding[] {
  return [
    ...checkPorts(given),
    ...checkWorkers(given),
    ...checkProxies(given),
    ...checkCertificates(given),
    ...checkDomains(given),
    ...checkCredentials(given.credentials),
    ...checkUsage(given),
    ...checkSourceLimits(given.sourceLimits),
  ]
}

function completeRedis({ redis, redisCaFile, redisKeyPrefix }: GivenSettings, secrets: Secrets): Settings['redis'] {
  const parsed = redis === undefined ? null : parseRedisAddress(redis)
  if (parsed === null) return null
  return {
    address: parsed.address,
    password: secrets.redisPassword,
    sentinelPassword: secrets.redisSentinelPassword,
    ca: redisCaFile ?? null,
    keyPrefix: redisKeyPrefix,
  }
}

type Authorization = Settings['connectionsAuthorization']
type Callers = 'connections' | 'management'

/** The ways in which callers of each port prove themselves, for the remedy in a fault. */
const remedies: Readonly<Record<Callers, string>> = {
  connections: 'POSTERN_CONNECTIONS_TOKENS or connectionsTokensFile',
  management: 'POSTERN_MANAGEMENT_TOKENS or managementTokensFile',
}

function authorize(
  callers: Callers,
  given: GivenSettings,
  tokens: readonly string[],
): { authorization: Authorization; findings: Finding[] } {
  const name = `${callers}Authorization` as const
  const stated = given[name]
  const findings: Finding[] = []
  if (tokens.some((token) => token.length > maxTokenLength || !tokenPattern.test(token))) {
    const allowed = `letters, digits and - . _ ~ + / with = at the end, at most ${maxTokenLength} characters`
    findings.push({ path: [name], problem: `a token from ${remedies[callers]} is not valid`, allowed })
  }
  if (stated === 'TOKEN' && tokens.length === 0) {
    findings.push({ path: [name], problem: 'TOKEN, but there are no tokens', allowed: `with ${remedies[callers]}` })
  }
  if (stated === 'AWS_IAM' && given.credentials === undefined) {
    findings.push({
      path: [name],
      problem: 'AWS_IAM, but nobody can sign',
      allowed: 'with credentials in postern.yaml',
    })
  }
  // Who runs the gateway has no access key yet: the management port asks for one only where that was said.
  const usual = callers === 'connections' && given.credentials !== undefined ? 'AWS_IAM' : 'NONE'
  return { authorization: stated ?? (tokens.length > 0 ? 'TOKEN' : usual), findings }
}

function checkExposure(
  name: 'host' | 'managementHost',
  host: string,
  callers: Callers,
  stated: Authorization | undefined,
  authorization: Authorization,
): Finding[] {
  if (isLoopback(host) || authorization !== 'NONE' || stated === 'NONE') return []
  const what = callers === 'connections' ? 'post to @connections' : 'use the management port'
  return [
    {
      path: [name],
      found: JSON.stringify(host),
      allowed: `127.0.0.1, or another with ${remedies[callers]} (or with ${callers}Authorization: NONE, if anyone who reaches it may ${what})`,
    },
  ]
}

/** Whether only this machine can reach an address. */
export function isLoopback(host: string): boolean {
  const address = host.replace(/^\[(.*)\]$/, '$1').toLowerCase()
  if (address === 'localhost' || address === '::1') return true
  const v4 = address.replace(/^::ffff:/, '')
  return isIP(v4) === 4 && v4.startsWith('127.')
}

function checkPorts({ host, port, managementHost, managementPort }: GivenSettings): Finding[] {
  if (port !== managementPort || host !== managementHost || port === 0) return []
  return [{ path: ['managementPort'], found: String(managementPort), allowed: `another port than the one of port` }]
}

function checkWorkers({ workers, redis }: GivenSettings): Finding[] {
  if (workers === 1 || redis !== undefined) return []
  const allowed =
    '1, or more with redis (--redis, POSTERN_REDIS), through which they reach the connections of each other'
  return [{ path: ['workers'], found: String(workers), allowed }]
}

function checkProxies(given: GivenSettings): Finding[] {
  if (given.trustedProxies.length > 0) return []
  const allowed = 'with trustedProxies, which name the proxies'
  const believing = (['proxyProtocol', 'clientCertificateHeader'] as const).filter((name) => given[name])
  return believing.map((name) => ({ path: [name], problem: 'nobody is believed', allowed }))
}

function checkCertificates({ domains, tls, clientCertificateHeader }: GivenSettings): Finding[] {
  if (tls !== undefined) return []
  return domains.flatMap((domain, index): Finding[] => {
    const findings: Finding[] = []
    const report = (name: string, problem: string, allowed: string) =>
      findings.push({ path: ['domains', index, name], atKey: true, problem, allowed })
    if (domain.tls !== undefined) report('tls', 'the port has no TLS', 'with tls, the certificate for all other names')
    if (domain.mutualTlsAuthentication !== undefined && clientCertificateHeader === undefined) {
      const allowed = 'with tls, or with clientCertificateHeader where a proxy asks for certificates'
      report('mutualTlsAuthentication', 'nobody can show a certificate', allowed)
    }
    return findings
  })
}

function checkDomains({ domains }: GivenSettings): Finding[] {
  const findings: Finding[] = []
  const names = new Set<string>()
  for (const [index, domain] of domains.entries()) {
    const { domainName, apiMappings } = domain
    if (names.has(domainName)) {
      findings.push({ path: ['domains', index, 'domainName'], problem: `${domainName} stands in domains twice` })
    }
    names.add(domainName)
    const keys = new Set<string>()
    for (const [at, { apiMappingKey }] of apiMappings.entries()) {
      const path = ['domains', index, 'apiMappings', at, 'apiMappingKey']
      if (keys.has(apiMappingKey)) {
        findings.push({ path, problem: `${JSON.stringify(apiMappingKey)} is mapped twice` })
      }
      keys.add(apiMappingKey)
    }
  }
  return findings
}
