import { createCallPipeline } from '../connections/call-pipeline.ts'
import type { CallbackTarget } from '../connections/callback-call.ts'
import { routeOf } from '../connections/connection-path.ts'
import type { Entrance } from '../connections/entrance.ts'
import type { Log } from '../observability/contract.ts'
import type { Groups } from '../registry/group-contract.ts'
import type { Reports } from '../registry/report-contract.ts'
import type { StreamedExchange } from '../transport/contract.ts'
import { callbackOperations } from '../vocabulary/callback-operations.ts'
import { maxMessageBytes } from '../vocabulary/frames.ts'
import type { GroupCall } from './group-call.ts'
import { groupPathOf } from './group-path.ts'
import { checkNames, reachGroups } from './group-steps.ts'

export interface GroupsOptions {
  readonly groups: Groups & Reports
  readonly entrance: Entrance
  /** Answers `POST /@batch`. */
  readonly batch: (exchange: StreamedExchange, target: CallbackTarget) => void
  readonly log: Log
}

/**
 * The calls that reach many connections (docs/groups.md): `@groups`, `@users`, and POST of `@connections` itself. Gives
 * false for a path that leads elsewhere. In all else they are as the calls of `@connections`: the same steps, the same
 * shapes of refusals.
 */
export function createGroupsHandler(
  options: GroupsOptions,
): (exchange: StreamedExchange, target: CallbackTarget) => boolean {
  const { groups, entrance, batch, log } = options
  const run = createCallPipeline<GroupCall>({
    steps: [...entrance.steps, checkNames, entrance.claim, reachGroups(groups)],
    failure: 'a call of a group failed',
    log,
  })

  return function handle(exchange, target) {
    const { request } = exchange
    const path = groupPathOf(request.method, target.rest)
    if (path === null) return false
    const { operation } = path
    if (operation === null) {
      const detail = ` ${routeOf(target.rest)} for http method ${request.method}.`
      entrance.stray(exchange, target).refuse('NO_SUCH_CALLBACK', detail)
      return true
    }
    if (operation === 'postBatch') {
      batch(exchange, target)
      return true
    }
    const arrival = entrance.arrive(exchange, target, operation, path.connectionId)
    if (arrival === null) return true
    const hasBody = callbackOperations[operation][0] === 'POST'
    const { call, credentials, facts, once } = arrival
    const { query } = request
    if (hasBody) {
      exchange.readBody(maxMessageBytes, (body) =>
        run({ call, operation, path, query, credentials, facts, once, hasBody, body }),
      )
    } else run({ call, operation, path, query, credentials, facts, once, hasBody, body: null })
    return true
  }
}
