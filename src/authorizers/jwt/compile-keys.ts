import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AuthorizerFault, CognitoAuthorizerDefinition, JwtAuthorizerDefinition } from '../contract.ts'
import { type Algorithm, publicAlgorithms, secretAlgorithms } from './algorithms.ts'
import { issuerOfUserPool } from './cognito.ts'
import { type FetchRules, urlFault } from './fetch-document.ts'
import { parseKeys } from './issuer-keys.ts'
import { loadJose } from './jose.ts'
import { createStaticKeys, type KeySource } from './key-source.ts'
import type { KeySources } from './key-sources.ts'

/** The keys of an authorizer, compiled: nothing is fetched yet. */
export interface TokenKeys {
  readonly algorithms: readonly Algorithm[]
  open(): {
    /** The keys of one issuer; each is closed by `close`. */
    source(issuer: string): KeySource
    close(): void
  }
}

export interface CompileKeysOptions {
  readonly sources: KeySources
  readonly rules: FetchRules
}

/** The members of a definition that say where its keys are. */
type KeyedDefinition =
  | Pick<JwtAuthorizerDefinition, 'authorizerType' | 'jwtConfiguration'>
  | Pick<CognitoAuthorizerDefinition, 'authorizerType' | 'providerARNs' | 'jwks' | 'jwksFile'>

type Report = (path: AuthorizerFault['path'], message: string) => void
type Open = (issuer: string) => KeySource

/** The members of which a definition has one at most. */
const places = ['jwksUri', 'jwks', 'jwksFile', 'secretName'] as const

/** Compiles where the keys of an authorizer come from, and reports what is wrong with it. */
export function compileTokenKeys(
  definition: KeyedDefinition,
  directory: string,
  options: CompileKeysOptions,
  report: Report,
): TokenKeys {
  const isJwt = definition.authorizerType === 'JWT'
  const configuration: Partial<JwtAuthorizerDefinition['jwtConfiguration']> = isJwt
    ? definition.jwtConfiguration
    : { jwks: definition.jwks, jwksFile: definition.jwksFile }
  const at: Report = (path, message) => report(isJwt ? ['jwtConfiguration', ...path] : path, message)
  const named = places.filter((place) => configuration[place] !== undefined)
  if (named.length > 1) {
    at(
      [named[1] as string],
      `the keys come from ${named[0]} already: a secret and public keys never verify side by side`,
    )
  }
  if (!isJwt) {
    for (const [index, arn] of definition.providerARNs.entries()) {
      if (issuerOfUserPool(arn) === null) report(['providerARNs', index], 'is not the ARN of a user pool')
    }
  }
  const open = compilePlace(configuration, directory, options, at)
  return {
    algorithms: compileAlgorithms(configuration, at),
    open() {
      // The first client shall not wait for it.
      void loadJose()
      const opened: KeySource[] = []
      return {
        source(issuer) {
          const keys = open(issuer)
          opened.push(keys)
          return keys
        },
        close() {
          for (const keys of opened) keys.close()
        },
      }
    },
  }
}

function compilePlace(
  { issuer, jwksUri, jwks, jwksFile, secretName }: Partial<JwtAuthorizerDefinition['jwtConfiguration']>,
  directory: string,
  { sources, rules }: CompileKeysOptions,
  report: Report,
): Open {
  if (secretName !== undefined) {
    return () => {
      if (sources.hasSecrets(secretName)) return sources.secrets(secretName)
      throw new Error(`POSTERN_JWT_SECRETS and jwtSecretsFile have no secret ${secretName}`)
    }
  }
  if (jwks !== undefined) {
    const keys = attempt(() => parseKeys('jwks', JSON.stringify(jwks)), ['jwks'], report)
    return () => createStaticKeys(keys ?? { find: () => [] })
  }
  if (jwksFile !== undefined) {
    const file = join(directory, jwksFile)
    attempt(() => parseKeys(jwksFile, readFileSync(file, 'utf8')), ['jwksFile'], report)
    return (name) => sources.ofFile(name, file)
  }
  const fetched = jwksUri ?? issuer
  const fault = fetched === undefined ? null : urlFault(fetched, rules)
  if (fault !== null) report([jwksUri === undefined ? 'issuer' : 'jwksUri'], `${fetched} ${fault}`)
  return (name) => sources.ofIssuer(name, jwksUri ?? null)
}

function compileAlgorithms(
  { algorithms, secretName }: Partial<JwtAuthorizerDefinition['jwtConfiguration']>,
  report: Report,
): readonly Algorithm[] {
  const possible: readonly Algorithm[] = secretName === undefined ? publicAlgorithms : secretAlgorithms
  if (algorithms === undefined) return possible
  for (const [index, name] of algorithms.entries()) {
    if (possible.some((each) => each === name)) continue
    const remedy = secretName === undefined ? 'a secret (secretName)' : 'keys (jwksUri, jwks, jwksFile or discovery)'
    report(['algorithms', index], `${name} is an algorithm of ${remedy}, and here are none`)
  }
  return possible.filter((each) => algorithms.includes(each))
}

function attempt<Result>(step: () => Result, path: readonly string[], report: Report): Result | null {
  try {
    return step()
  } catch (error) {
    report(path, (error as Error).message)
    return null
  }
}
