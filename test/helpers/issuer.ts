import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose'

/** The members of a token that a test wants otherwise than usual; undefined leaves a claim out. */
export interface TokenWishes {
  readonly claims?: Record<string, unknown>
  readonly header?: Record<string, unknown>
  /** The key that signs, by its kid; the newest when left out. */
  readonly kid?: string
}

/** An issuer of tokens: a server with a discovery document and a JWK set, and the keys to sign with. */
export interface Issuer {
  /** The URL, which is `iss` of its tokens. */
  readonly url: string
  /** The paths that were asked for, in their order. */
  readonly requests: string[]
  /** Members of the discovery document that differ from the usual ones. */
  discovery: Record<string, unknown>
  /** Takes a request in place of the issuer; gives false to leave it to it. */
  respond: (request: IncomingMessage, response: ServerResponse) => boolean
  /** The public keys as they are published. */
  jwks(): { keys: JWK[] }
  /** Makes a new key, publishes it, and signs with it from now on. */
  addKey(kid: string, alg?: string): Promise<void>
  /** Publishes a key no longer. */
  dropKey(kid: string): void
  /** A token for `sub: alice` and `aud: chat` that lasts an hour. */
  token(wishes?: TokenWishes): Promise<string>
  /** Stops to answer, as a server that is down; `open` has it answer again on the same port. */
  shut(): Promise<void>
  open(): Promise<void>
  close(): Promise<void>
}

interface SigningKey {
  readonly alg: string
  readonly privateKey: CryptoKey
  readonly jwk: JWK
}

export async function startIssuer({ alg = 'ES256', path = '' } = {}): Promise<Issuer> {
  const keys = new Map<string, SigningKey>()
  const requests: string[] = []
  let newest = ''
  let port = 0
  let server = createServer()

  const jwks = () => ({ keys: [...keys.values()].map(({ jwk }) => jwk) })

  function answer(request: IncomingMessage, response: ServerResponse): void {
    requests.push(request.url ?? '')
    if (issuer.respond(request, response)) return
    const json = (value: unknown) => {
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(value))
    }
    if (request.url === `${path}/.well-known/openid-configuration`) {
      return json({ issuer: issuer.url, jwks_uri: `http://127.0.0.1:${port}/jwks`, ...issuer.discovery })
    }
    if (request.url === '/jwks') return json(jwks())
    response.statusCode = 404
    response.end()
  }

  async function open(): Promise<void> {
    server = createServer(answer)
    await new Promise<void>((resolve) => void server.listen(port, '127.0.0.1', resolve))
    port = (server.address() as AddressInfo).port
  }

  async function shut(): Promise<void> {
    server.closeAllConnections()
    await new Promise<void>((resolve) => void server.close(() => resolve()))
  }

  const issuer: Issuer = {
    get url() {
      return `http://127.0.0.1:${port}${path}`
    },
    requests,
    discovery: {},
    respond: () => false,
    jwks,
    async addKey(kid, keyAlg = alg) {
      const { publicKey, privateKey } = await generateKeyPair(keyAlg, { extractable: true })
      keys.set(kid, { alg: keyAlg, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: keyAlg, use: 'sig' } })
      newest = kid
    },
    dropKey: (kid) => void keys.delete(kid),
    async token({ claims = {}, header = {}, kid = newest } = {}) {
      const key = keys.get(kid) as SigningKey
      const now = Math.floor(Date.now() / 1_000)
      const payload = { iss: issuer.url, sub: 'alice', aud: 'chat', iat: now, exp: now + 3_600, ...claims }
      return new SignJWT(JSON.parse(JSON.stringify(payload)) as JWTPayload)
        .setProtectedHeader({ alg: key.alg, kid, ...header })
        .sign(key.privateKey)
    },
    shut,
    open,
    close: shut,
  }
  await open()
  await issuer.addKey('first')
  return issuer
}
