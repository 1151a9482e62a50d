import { type FetchRules, fetchDocument, maxDocumentBytes, urlFault } from './fetch-document.ts'
import { readJsonObject } from './json-object.ts'
import { type KeySet, readKeySet } from './key-set.ts'
import type { LoadKeys } from './refreshed-keys.ts'

export interface IssuerKeysOptions {
  readonly issuer: string
  /** The URL of the JWK set; null to ask the issuer for it (OpenID Connect Discovery 1.0 §4). */
  readonly jwksUri: string | null
  readonly rules: FetchRules
  /** Milliseconds on a clock that only goes on. */
  readonly now: () => number
}

/** Milliseconds after which an issuer is asked again where its keys are. */
const discoveryFor = 3_600_000

/** Makes the function that fetches the keys of an issuer. It rejects with one sentence. */
export function createIssuerKeys({ issuer, jwksUri, rules, now }: IssuerKeysOptions): LoadKeys {
  let located: { readonly uri: string; readonly at: number } | null = null

  async function locate(): Promise<string> {
    if (located !== null && now() - located.at < discoveryFor) return located.uri
    const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
    const document = readJsonObject(await fetchDocument(url, rules))
    if (document === null) throw new Error(`${url}: it is no JSON object`)
    if (document.issuer !== issuer) throw new Error(`${url}: it is of another issuer`)
    const { jwks_uri: uri } = document
    if (typeof uri !== 'string') throw new Error(`${url}: it has no jwks_uri`)
    const fault = urlFault(uri, rules) ?? foreignOrigin(uri)
    if (fault !== null) throw new Error(`${url}: its jwks_uri ${fault}`)
    located = { uri, at: now() }
    return uri
  }

  function foreignOrigin(uri: string): string | null {
    const { origin } = new URL(uri)
    if (origin === new URL(issuer).origin || rules.trustedOrigins.includes(origin)) return null
    return `is of another origin (set jwksUri in the definition, or list ${origin} in the setting jwtTrustedOrigins)`
  }

  return async (before: KeySet | null) => {
    const uri = jwksUri ?? (await locate())
    try {
      return parseKeys(uri, await fetchDocument(uri, rules), before)
    } catch (error) {
      // It may have moved.
      located = null
      throw error
    }
  }
}

/** Reads the text of a JWK set. Throws an error with one sentence for what is none, or has no key of use. */
export function parseKeys(place: string, text: string, before: KeySet | null = null): KeySet {
  if (text.length > maxDocumentBytes) throw new Error(`${place}: it is larger than ${maxDocumentBytes} bytes`)
  const set = readKeySet(text, before)
  if (set === null) throw new Error(`${place}: it is no JWK set`)
  if (set.size === 0) throw new Error(`${place}: none of its keys verifies signatures`)
  return set
}
