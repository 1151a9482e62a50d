/**
 * The cost of a token that was verified before, and of one that was not: microseconds for each.
 *
 *     npx tsx --conditions postern-source load/bench/micro/token-verification.ts
 */
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { publicAlgorithms } from '../../../src/authorizers/jwt/algorithms.ts'
import { keySetOf } from '../../../src/authorizers/jwt/key-set.ts'
import { createStaticKeys } from '../../../src/authorizers/jwt/key-source.ts'
import { createTokenVerifier } from '../../../src/authorizers/jwt/verify-token.ts'

const issuer = 'https://issuer.example'
const tokensAtOnce = 1_000
const rounds = 7

for (const alg of ['RS256', 'ES256', 'EdDSA']) {
  const { publicKey, privateKey } = await generateKeyPair(alg)
  const keys = keySetOf({ keys: [{ ...(await exportJWK(publicKey)), kid: 'key' }] })
  if (keys === null) throw new Error('no keys')
  const rules = { audience: ['chat'], clockToleranceInMillis: 5_000 }
  const issuers = new Map([[issuer, createStaticKeys(keys)]])
  const options = { issuers, algorithms: publicAlgorithms, rules, now: Date.now }
  // As large as those of Keycloak or Entra ID are.
  const claims = { iss: issuer, aud: 'chat', scope: 'chat:read chat:write', groups: Array(20).fill('a-group-name') }
  const tokens: string[] = []
  for (let i = 0; i < tokensAtOnce; i++) {
    tokens.push(
      await new SignJWT({ ...claims, sub: `user-${i}` })
        .setProtectedHeader({ alg, kid: 'key' })
        .setExpirationTime('1h')
        .sign(privateKey),
    )
  }
  let verifier = createTokenVerifier(options)
  const verifyAll = async () => {
    const start = performance.now()
    for (const token of tokens) {
      const verified = verifier.verify(token)
      if (verified instanceof Promise) await verified
    }
    return ((performance.now() - start) * 1_000) / tokensAtOnce
  }
  let first = Number.POSITIVE_INFINITY
  let again = Number.POSITIVE_INFINITY
  for (let round = 0; round < rounds; round++) {
    verifier = createTokenVerifier(options)
    first = Math.min(first, await verifyAll())
    again = Math.min(again, await verifyAll())
  }
  const length = tokens[0]?.length
  console.log(`${alg}, ${length} characters: ${first.toFixed(1)} µs at first, ${again.toFixed(2)} µs again`)
}
