import type { ConnectEvent } from '../../events/connect-event.ts'
import { contextVariable } from '../../events/context-variables.ts'
import type { FunctionScope } from '../../functions/contract.ts'
import type { HandshakeRequest } from '../contract.ts'

/** Whether a client shows what one identity source asks for. */
type IsThere = (event: ConnectEvent, request: HandshakeRequest) => boolean

/** The variables of `$context` that AWS counts as missing when the authorizer of a WebSocket API names them. */
const neverThere: ReadonlySet<string> = new Set(['eventType', 'messageDirection'])

/** Identity sources of one stage, compiled; or a fault for each that can't be one. */
export type IdentitySources =
  | { readonly faults: null; readonly areThere: IsThere }
  | { readonly faults: readonly { readonly index: number; readonly message: string }[] }

/**
 * Compiles identity sources: each must be there and not be empty, else nobody is asked ("Creating an authorizer for
 * WebSocket APIs"). The schema has let no other form pass.
 */
export function compileIdentitySources(
  sources: readonly string[],
  { stageVariables }: Pick<FunctionScope, 'stageVariables'>,
): IdentitySources {
  const faults: { index: number; message: string }[] = []
  const checks = sources.map((source, index): IsThere => {
    if (source.startsWith('route.request.header.')) return headerIsThere(nameIn(source, 'route.request.header.'))
    if (source.startsWith('route.request.querystring.'))
      return queryIsThere(nameIn(source, 'route.request.querystring.'))
    if (source.startsWith('stageVariables.')) {
      const name = nameIn(source, 'stageVariables.')
      const value = Object.hasOwn(stageVariables, name) ? stageVariables[name] : undefined
      const isSet = value !== undefined && value !== ''
      return () => isSet
    }
    const variable = nameIn(source, 'context.')
    const read = contextVariable(variable)
    if (read === null) faults.push({ index, message: `there is no $context.${variable}` })
    if (read === null || neverThere.has(variable)) return () => false
    return (event) => {
      const value = read(event)
      return value !== null && value !== undefined && value !== ''
    }
  })
  if (faults.length > 0) return { faults }
  return { faults: null, areThere: (event, request) => checks.every((isThere) => isThere(event, request)) }
}

function nameIn(source: string, prefix: string): string {
  return source.slice(prefix.length)
}

function headerIsThere(name: string): IsThere {
  const lowerCase = name.toLowerCase()
  return (_, request) => request.header(lowerCase) !== ''
}

function queryIsThere(name: string): IsThere {
  return (_, request) => request.query !== '' && (new URLSearchParams(request.query).getAll(name).at(-1) ?? '') !== ''
}
