import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { changedGateway, type StartTarget } from './targets.ts'

const issuer = 'https://issuer.example'

/** The gateway with clients who show a token, each the same one, which is verified once. */
export function tokenGateway(apis: string, nodeOptions: readonly string[] = [], transport?: string): StartTarget {
  return async () => {
    const { publicKey, privateKey } = await generateKeyPair('RS256')
    const token = await new SignJWT({ iss: issuer, sub: 'anna', aud: 'bench', scope: 'chat:read chat:write' })
      .setProtectedHeader({ alg: 'RS256', kid: 'key' })
      .setExpirationTime('1h')
      .sign(privateKey)
    const keys = [{ ...(await exportJWK(publicKey)), kid: 'key' }]
    const options = { nodeOptions, ...(transport !== undefined && { transport }) }
    const server = await changedGateway(apis, (definition) => guarded(definition, keys), options)
    return { ...server, load: { path: `/dev?token=${token}` } }
  }
}

function guarded(definition: string, keys: readonly object[]): string {
  const authorizer = {
    authorizerType: 'JWT',
    identitySource: ['$request.querystring.token'],
    jwtConfiguration: { issuer, audience: ['bench'], jwks: { keys } },
  }
  // JSON is YAML.
  return definition.replace(
    /^routes:\n/m,
    `authorizers: ${JSON.stringify({ users: authorizer })}\nroutes:\n  $$connect: { authorizationType: JWT, authorizerId: users }\n`,
  )
}
