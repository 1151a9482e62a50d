/**
 * Every reason why a token is refused, with the text that the client sees in `error_description`
 * (RFC 6750 §3). Those of AWS are its own words ("Troubleshooting issues with HTTP API JWT authorizers").
 */
export const tokenFaults = {
  several: 'there are several tokens',
  tooLarge: 'the token is too large',
  malformed: 'the token is malformed',
  encrypted: 'the token is encrypted',
  nested: 'the token is nested too deeply',
  algorithm: 'the signing method is invalid',
  critical: 'the token has a critical header that is not understood',
  key: 'the key of the token is not known',
  keysUnavailable: 'OIDC discovery endpoint communication error',
  signature: 'the signature is invalid',
  issuer: 'the token does not have a valid issuer',
  audience: 'the token does not have a valid audience',
  expired: 'the token has expired',
  notYetValid: 'the token is not valid yet',
  claims: 'a claim of the token is malformed',
  tokenUse: 'the token is not of the kind that is asked for',
  scope: 'the token has none of the scopes that are asked for',
} as const

export type TokenFaultName = keyof typeof tokenFaults

/** A token that is refused. `message` says so for the log, and holds nothing of the token but what was configured. */
export class TokenFault extends Error {
  override readonly name = 'TokenFault'
  readonly fault: TokenFaultName

  constructor(fault: TokenFaultName, detail?: string) {
    super(detail === undefined ? tokenFaults[fault] : `${tokenFaults[fault]}: ${detail}`)
    this.fault = fault
  }
}
