import type { CalledRequest, GuardDefinition, GuardType, OpenGuard } from '../../src/authorizers/guard-contract.ts'
import { type FoundRoute, type MethodArrival, MethodEvent } from '../../src/events/method-event.ts'
import type { FunctionScope } from '../../src/functions/contract.ts'
import type { HeaderList } from '../../src/vocabulary/headers.ts'

/** The stage whose routes are guarded. */
export const guardedStage: FunctionScope = {
  ...{ apiId: 'pets', stage: 'dev', stageVariables: {}, directory: '', functions: {} },
}

/** What a test wants otherwise than in `GET /dev/pets/7`. */
export interface RequestWishes {
  readonly method?: string
  /** The path below the stage. */
  readonly path?: string
  readonly query?: string
  readonly headers?: HeaderList
  readonly body?: Uint8Array | null
  readonly prefix?: string
  readonly found?: FoundRoute
  readonly stage?: string
}

/** The event and the copy of a request, as a guard gets them. */
export function called(wishes: RequestWishes = {}): [MethodEvent, CalledRequest] {
  const { method = 'GET', path = '/pets/7', query = '', headers = [], body = null, prefix = '', stage = 'dev' } = wishes
  const { found = { routeKey: 'GET /pets/{id}', pathParameters: { id: '7' } } } = wishes
  const arrival: MethodArrival = {
    ...{ apiId: 'pets', stage, domainName: 'pets.example', method, path, rawQuery: query, headers },
    ...{ sourceIp: '203.0.113.9', userAgent: null, requestTimeEpoch: 0, traceId: 'Root=1' },
  }
  const request: CalledRequest = {
    ...{ method, path: stage === '$default' ? path : `/${stage}${path}`, query, body },
    headers: () => headers,
    header: (lowerCaseName) => headers.findLast(([name]) => name.toLowerCase() === lowerCaseName)?.[1] ?? '',
    client: { sourceIp: '203.0.113.9', proto: 'https', prefix },
  }
  return [new MethodEvent(arrival, found), request]
}

/** Compiles a guard that has no fault, and opens it. */
export function openGuard(type: GuardType, definition: GuardDefinition, scope = guardedStage): OpenGuard {
  const compiled = type.compile(definition, scope)
  if (compiled.faults !== null) throw new Error(JSON.stringify(compiled.faults))
  return compiled.open()
}
