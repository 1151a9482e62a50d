import type { ArrivedCall, CallbackRefusal } from '../connections/callback-steps.ts'
import type { Audience, Group } from '../registry/group-contract.ts'
import type { ReportPlace } from '../registry/report-contract.ts'
import type { Step } from '../vocabulary/pipeline.ts'
import type { GroupOperation, GroupPath } from './group-path.ts'

/** A call that reaches many connections, on its way through the steps. */
export interface GroupCall extends ArrivedCall {
  readonly operation: Exclude<GroupOperation, 'postBatch'>
  readonly path: GroupPath
  /** The query as it came. */
  readonly query: string
}

export type GroupStep = Step<GroupCall, CallbackRefusal>

/** The stage that a call is made on. */
export function placeOf({ call }: Pick<GroupCall, 'call'>): ReportPlace {
  return { apiId: call.stage.apiId, stage: call.stage.name }
}

/** The group in the path of a call whose names have been checked. */
export function groupOf({ call, path }: GroupCall): Group {
  const { apiId, name: stage } = call.stage
  return { apiId, stage, kind: 'group', name: path.group as string }
}

/** The user in the path of a call whose names have been checked. */
export function userOf({ call, path }: GroupCall): Audience {
  const { apiId, name: stage } = call.stage
  return { apiId, stage, kind: 'user', name: path.userId as string }
}

/** The connections of the stage, all of them. */
export function everyoneOf({ call }: Pick<GroupCall, 'call'>): Audience {
  const { apiId, name: stage } = call.stage
  return { apiId, stage, kind: 'all', name: '' }
}
