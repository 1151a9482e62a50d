/** The algorithms of signatures that a public key verifies (RFC 7518 §3.1, RFC 8037, RFC 9864). */
export const publicAlgorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const

/** The algorithms of which the secret that verifies could sign too: only ever with a secret of the operator's. */
export const secretAlgorithms = ['HS256', 'HS384', 'HS512'] as const

export type PublicAlgorithm = (typeof publicAlgorithms)[number]
export type SecretAlgorithm = (typeof secretAlgorithms)[number]
export type Algorithm = PublicAlgorithm | SecretAlgorithm

/** The bytes that a secret has at least, by algorithm: those of its hash (RFC 7518 §3.2). */
export const minSecretBytes: Readonly<Record<SecretAlgorithm, number>> = { HS256: 32, HS384: 48, HS512: 64 }

/** The kind of key that each algorithm needs: `kty`, and `crv` where the algorithm is of one curve. */
export const keyKinds: Readonly<Record<PublicAlgorithm, { readonly kty: string; readonly crv: string | null }>> = {
  RS256: { kty: 'RSA', crv: null },
  RS384: { kty: 'RSA', crv: null },
  RS512: { kty: 'RSA', crv: null },
  PS256: { kty: 'RSA', crv: null },
  PS384: { kty: 'RSA', crv: null },
  PS512: { kty: 'RSA', crv: null },
  ES256: { kty: 'EC', crv: 'P-256' },
  ES384: { kty: 'EC', crv: 'P-384' },
  ES512: { kty: 'EC', crv: 'P-521' },
  EdDSA: { kty: 'OKP', crv: 'Ed25519' },
  Ed25519: { kty: 'OKP', crv: 'Ed25519' },
}
