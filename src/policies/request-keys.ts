import type { ConditionKeys, Principal } from './policy.ts'

/** The facts of a request that condition keys tell of. */
export interface RequestFacts {
  /** The client's own address, as trusted proxies tell it. */
  readonly sourceIp: string
  /** The User-Agent header; empty for none. */
  readonly userAgent: string
  /** The Referer header; empty for none. */
  readonly referer: string
  /** Whether the client has come over TLS. */
  readonly secureTransport: boolean
  /** The wall clock, in milliseconds since 1970. */
  readonly now: number
  readonly region: string
  readonly principal: Principal | null
}

/**
 * The condition keys that requests have here ("AWS global condition context keys"); every other key is absent, as it is
 * at AWS where it has no meaning for a call.
 */
export function requestKeys(facts: RequestFacts): ConditionKeys {
  return (name) => {
    const read = keyTable.get(name)
    return read === undefined ? undefined : (read(facts) ?? undefined)
  }
}

/** Every key, by its name in lower case. */
const keyTable: ReadonlyMap<string, (facts: RequestFacts) => string | null | undefined> = new Map(
  Object.entries({
    'aws:SourceIp': ({ sourceIp }: RequestFacts) => sourceIp || null,
    'aws:UserAgent': ({ userAgent }: RequestFacts) => userAgent || null,
    'aws:Referer': ({ referer }: RequestFacts) => referer || null,
    'aws:SecureTransport': ({ secureTransport }: RequestFacts) => String(secureTransport),
    'aws:CurrentTime': ({ now }: RequestFacts) => new Date(now).toISOString(),
    'aws:EpochTime': ({ now }: RequestFacts) => String(Math.floor(now / 1000)),
    'aws:RequestedRegion': ({ region }: RequestFacts) => region,
    'aws:username': ({ principal }: RequestFacts) => principal?.userName,
    'aws:userid': ({ principal }: RequestFacts) => principal?.userId,
    'aws:PrincipalArn': ({ principal }: RequestFacts) => principal?.arn,
    'aws:PrincipalAccount': ({ principal }: RequestFacts) => principal?.accountId,
    'aws:PrincipalType': ({ principal }: RequestFacts) => (principal === null ? 'Anonymous' : 'User'),
    'aws:PrincipalIsAWSService': () => 'false',
    'aws:ViaAWSService': () => 'false',
  }).map(([name, read]) => [name.toLowerCase(), read]),
)
