import type { Finding } from 'postern-documents/faults'
import { atLeast, wholeNumber } from 'postern-documents/schema-parts'
import { z } from 'zod'
import { setting } from './setting.ts'

const maxBurst = 1_000_000_000
const burst = () => wholeNumber(0, maxBurst)

/** The schema of a throttle: `ThrottleSettings` of API Gateway. */
export const throttle = () =>
  z.strictObject({
    rateLimit: atLeast(0).describe('Requests a second, on average.'),
    burstLimit: burst().describe('Requests at once.'),
  })

const limits = (what: string) =>
  z.strictObject({
    // A shorter word than elsewhere: with the longest of flags, the help would not keep to its width.
    rateLimit: setting({ group: 'Limits', value: 'n' }, `${what} a second, on average.`, atLeast(0)),
    burstLimit: setting({ group: 'Limits', value: 'n' }, `${what} at once.`, burst()),
  })

const sourceLimits = z.strictObject({
  rateLimit: setting(
    { group: 'Limits', value: 'number' },
    'Handshakes a second from one source, on average; more get 429.',
    atLeast(0),
  ).optional(),
  burstLimit: setting({ group: 'Limits', value: 'number' }, 'Handshakes from one source at once.', burst()).optional(),
  maxConnections: setting(
    { group: 'Limits', value: 'number' },
    'Connections of one source, handshakes under way among them; more get 429.',
    wholeNumber(1, 10_000_000),
  ).optional(),
  maxPendingHandshakes: setting(
    { group: 'Limits', value: 'n' },
    'Handshakes of one source to one worker that wait for an authorizer or for $connect; more get 429.',
    wholeNumber(1, 10_000_000),
  ).optional(),
  ipv6PrefixLength: setting(
    { group: 'Limits', value: 'bits' },
    'Bits of an IPv6 address that make a source: all addresses that share them count as one.',
    wholeNumber(16, 128),
  ).default(64),
})

/** The members of postern.yaml about throttles that all APIs have in common. */
export const throttleMembers = {
  throttleSettings: limits('Requests of all APIs (handshakes, messages, calls of @connections)')
    .optional()
    .describe('The limit of the account, as AWS has it; none without it.'),
  newConnectionThrottle: limits('Handshakes of all APIs')
    .optional()
    .describe('The limit on new connections of the account; none without it.'),
  sourceLimits: sourceLimits
    .optional()
    .describe('Limits of each source: an IPv4 address, or an IPv6 network. None without it.'),
}

export type GivenSourceLimits = z.output<typeof sourceLimits>

/** Checks that a rate has its burst, and that limits of sources limit something. */
export function checkSourceLimits(given: GivenSourceLimits | undefined): Finding[] {
  if (given === undefined) return []
  const { rateLimit, burstLimit, maxConnections, maxPendingHandshakes } = given
  const path = ['sourceLimits']
  if (rateLimit !== undefined && burstLimit === undefined) {
    return [{ path: [...path, 'rateLimit'], problem: 'rateLimit without burstLimit', allowed: 'both, or neither' }]
  }
  if (rateLimit === undefined && burstLimit !== undefined) {
    return [{ path: [...path, 'burstLimit'], problem: 'burstLimit without rateLimit', allowed: 'both, or neither' }]
  }
  if ([rateLimit, maxConnections, maxPendingHandshakes].every((each) => each === undefined)) {
    const allowed = 'rateLimit and burstLimit, or maxConnections, or maxPendingHandshakes'
    return [{ path, problem: 'limits nothing', allowed }]
  }
  return []
}

/** The throttles in force, null for each that is switched off. */
export interface ThrottleSettings {
  readonly throttleSettings: { readonly rateLimit: number; readonly burstLimit: number } | null
  readonly newConnectionThrottle: { readonly rateLimit: number; readonly burstLimit: number } | null
  readonly sourceLimits: {
    readonly rate: { readonly rateLimit: number; readonly burstLimit: number } | null
    readonly maxConnections: number | null
    readonly maxPendingHandshakes: number | null
    readonly ipv6PrefixLength: number
  } | null
}

interface GivenThrottles {
  readonly throttleSettings?: z.output<ReturnType<typeof limits>> | undefined
  readonly newConnectionThrottle?: z.output<ReturnType<typeof limits>> | undefined
  readonly sourceLimits?: GivenSourceLimits | undefined
}

/** Puts null in the place of what is left out. */
export function completeThrottles(given: GivenThrottles): ThrottleSettings {
  const { sourceLimits: source } = given
  return {
    throttleSettings: given.throttleSettings ?? null,
    newConnectionThrottle: given.newConnectionThrottle ?? null,
    sourceLimits:
      source === undefined
        ? null
        : {
            rate:
              source.rateLimit === undefined || source.burstLimit === undefined
                ? null
                : { rateLimit: source.rateLimit, burstLimit: source.burstLimit },
            maxConnections: source.maxConnections ?? null,
            maxPendingHandshakes: source.maxPendingHandshakes ?? null,
            ipv6PrefixLength: source.ipv6PrefixLength,
          },
  }
}
