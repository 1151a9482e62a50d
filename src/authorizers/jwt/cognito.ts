import type { JsonObject } from './json-object.ts'
import { TokenFault } from './token-fault.ts'

/** A user pool of Amazon Cognito by its ARN. */
const poolArn = /^arn:(aws|aws-cn|aws-us-gov):cognito-idp:([a-z]{2}(?:-[a-z]+)+-\d):\d{12}:userpool\/(\2_[A-Za-z0-9]+)$/

/** The issuer of a user pool's tokens ("Verifying JSON web tokens", Amazon Cognito); null when the ARN is none. */
export function issuerOfUserPool(arn: string): string | null {
  const [, partition, region, pool] = poolArn.exec(arn) ?? []
  if (partition === undefined) return null
  return `https://cognito-idp.${region}.amazonaws.com${partition === 'aws-cn' ? '.cn' : ''}/${pool}`
}

/**
 * Makes the demand on a user pool's tokens: an access token where the route asks for scopes, else an ID token, whose
 * `aud` the expression has to match ("Control access to REST APIs using Amazon Cognito user pools as an authorizer").
 */
export function cognitoCheck({
  asksForScopes,
  matchesAudience,
}: {
  asksForScopes: boolean
  /** The `identityValidationExpression`; null for none. */
  matchesAudience: ((audience: string) => boolean) | null
}): (claims: JsonObject) => void {
  const use = asksForScopes ? 'access' : 'id'
  return (claims) => {
    if (claims.token_use !== use) throw new TokenFault('tokenUse', `its token_use is not ${use}`)
    if (matchesAudience === null || asksForScopes) return
    if (typeof claims.aud !== 'string' || !matchesAudience(claims.aud)) throw new TokenFault('audience')
  }
}
