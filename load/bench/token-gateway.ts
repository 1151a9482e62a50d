import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { startServer } from './server-process.ts'
import { gatewayArguments, type StartTarget } from './targets.ts'

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
    const folder = await mkdtemp(join(tmpdir(), 'postern-bench-'))
    await cp(apis, folder, { recursive: true })
    const file = join(folder, 'bench', 'api.yaml')
    await writeFile(file, guarded(await readFile(file, 'utf8'), keys))
    const env: Record<string, string> = transport === undefined ? {} : { POSTERN_TRANSPORT: transport }
    const server = await startServer([...nodeOptions, ...gatewayArguments(folder)], env)
    return {
      ...server,
      load: { path: `/dev?token=${token}` },
      async stop() {
        await server.stop()
        await rm(folder, { recursive: true, force: true })
      },
    }
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
