import { loadUndici } from '../../backends/client.ts'
import { checkLiteralHost, createGuardedLookup, isLoopbackHost, type Resolve } from './address-guard.ts'

/** AWS's bounds on what is fetched of an issuer ("Control access to HTTP APIs with JWT authorizers"). */
const timeoutInMillis = 1_500
export const maxDocumentBytes = 150_000

export interface FetchRules {
  /** Origins (`http://keycloak:8080`) of the operator's: plain http is taken from them, and any issuer may lead there. */
  readonly trustedOrigins: readonly string[]
  /** The resolution of names; the system's when left out. */
  readonly resolve?: Resolve
  /** Milliseconds for one document; AWS's 1,500 when left out. */
  readonly timeoutInMillis?: number
}

/** Says why a URL may not be asked for keys; null when it may. */
export function urlFault(text: string, { trustedOrigins }: FetchRules): string | null {
  if (!URL.canParse(text)) return 'is no URL'
  const url = new URL(text)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'is no https:// URL'
  if (url.username !== '' || url.password !== '') return 'holds a password'
  if (url.hash !== '') return 'has a fragment'
  if (url.protocol === 'http:' && !isLoopbackHost(url.hostname) && !trustedOrigins.includes(url.origin)) {
    return `is not https:// (the setting jwtTrustedOrigins may list ${url.origin})`
  }
  try {
    checkLiteralHost(url.hostname)
    return null
  } catch (error) {
    return (error as Error).message
  }
}

/**
 * Fetches a document as text, each time over a connection of its own. Redirects are not followed; anything but a 200
 * of a bounded size within a bounded time rejects with one sentence that holds nothing of the answer.
 */
export async function fetchDocument(text: string, rules: FetchRules): Promise<string> {
  const fault = urlFault(text, rules)
  if (fault !== null) throw new Error(`${text} ${fault}`)
  const url = new URL(text)
  const timeout = rules.timeoutInMillis ?? timeoutInMillis
  const onlyLoopback = url.protocol === 'http:' && !rules.trustedOrigins.includes(url.origin)
  const { buildConnector, Client } = loadUndici()
  const client = new Client(url.origin, {
    connect: buildConnector({ timeout, lookup: createGuardedLookup({ onlyLoopback, resolve: rules.resolve }) }),
    maxResponseSize: maxDocumentBytes,
    headersTimeout: 0,
    bodyTimeout: 0,
  })
  const deadline = setTimeout(() => void client.destroy(new Error(`no answer within ${timeout} ms`)), timeout)
  try {
    const { statusCode, body } = await client.request({
      method: 'GET',
      path: url.pathname + url.search,
      headers: { accept: 'application/json' },
    })
    if (statusCode !== 200) throw new Error(`the answer is ${statusCode}, not 200`)
    return await body.text()
  } catch (error) {
    throw new Error(`${text}: ${reasonOf(error)}`)
  } finally {
    clearTimeout(deadline)
    void client.destroy()
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'it could not be fetched'
  const { code } = error as { code?: unknown }
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') return `it is larger than ${maxDocumentBytes} bytes`
  if (error instanceof AggregateError) return String(code ?? error.errors[0]?.message ?? 'it could not be fetched')
  return error.message
}
