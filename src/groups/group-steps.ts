import { answerChange, badCloseParameters, type CallbackRefusal, checkId } from '../connections/callback-steps.ts'
import { closeParameters } from '../connections/close-parameters.ts'
import type {
  Audience,
  AudienceOutcome,
  Groups,
  JoinOutcome,
  LeaveOutcome,
  SendReport,
} from '../registry/group-contract.ts'
import type { Reports } from '../registry/report-contract.ts'
import { audienceNameRule, isAudienceName } from '../vocabulary/audience-name.ts'
import { callbackOperations } from '../vocabulary/callback-operations.ts'
import { textFrame } from '../vocabulary/frames.ts'
import { type ConnectionId, ownerOfConnectionId } from '../vocabulary/ids.ts'
import { everyoneOf, type GroupCall, type GroupStep, groupOf, placeOf, userOf } from './group-call.ts'
import {
  countJson,
  groupsJson,
  membersJson,
  outcomeJson,
  reportJson,
  reportPageJson,
  unreachableJson,
} from './group-json.ts'
import { pageOfQuery } from './page-query.ts'
import { type SendTerms, termsOfQuery } from './send-query.ts'

type Refusal = CallbackRefusal | null

/** Refuses names that no group and no user may have, and ids that no connection may have (400). */
export const checkNames: GroupStep = ({ operation, path }) => {
  const { group, userId, connectionId, reportId } = path
  const [, template] = callbackOperations[operation]
  if (template.includes('{group}') && !(group !== null && isAudienceName(group)))
    return wrong(`the group has ${audienceNameRule}`)
  if (template.includes('{userId}') && !(userId !== null && isAudienceName(userId)))
    return wrong(`the user has ${audienceNameRule}`)
  if (template.includes('{reportId}') && ownerOfConnectionId(reportId ?? '') === -1)
    return wrong('the reportId is none that a send gave out')
  return template.endsWith('{connectionId}') ? checkId(connectionId ?? '') : null
}

/** Refuses parameters with one sentence that names the wrong one (400). */
export function wrong(sentence: string): CallbackRefusal {
  return { code: 'INVALID_CALL_PARAMETERS', detail: `: ${sentence}` }
}

/** The last step: does what the call asks for, and answers it. */
export function reachGroups(groups: Groups & Reports): GroupStep {
  function send(carrier: GroupCall, audience: Audience): Refusal | Promise<Refusal> {
    const terms = termsOfQuery(carrier.query)
    if (typeof terms === 'string') return wrong(terms)
    const report = groups.send(audience, frameOf(carrier, terms), terms)
    if (report instanceof Promise) return report.then((late) => answerSend(carrier, late, terms, groups))
    return answerSend(carrier, report, terms, groups)
  }

  function change({ call, path }: GroupCall, outcome: JoinOutcome | LeaveOutcome | 'unreachable'): Refusal {
    return outcome === 'tooMany'
      ? { code: 'TOO_MANY_GROUPS', detail: `: ${path.connectionId}` }
      : answerChange(call, outcome)
  }

  function end(carrier: GroupCall, audience: Audience): Refusal | Promise<Refusal> {
    const close = closeParameters(carrier.query)
    if (close === null) return badCloseParameters
    return told(carrier, groups.closeAll(audience, everybody, close.code, close.reason))
  }

  function deleteGroup(carrier: GroupCall): Refusal | Promise<Refusal> {
    const group = groupOf(carrier)
    const close = new URLSearchParams(carrier.query).get('close')
    if (close !== null && close !== 'true' && close !== 'false') return wrong('close is true or false')
    return close === 'true' ? end(carrier, group) : told(carrier, groups.leaveAll(group, group))
  }

  async function page(
    carrier: GroupCall,
    read: (cursor: string | null, limit: number) => Promise<string | CallbackRefusal>,
  ): Promise<Refusal> {
    const query = pageOfQuery(carrier.query)
    if (typeof query === 'string') return wrong(query)
    try {
      const found = await read(query.nextToken, query.maxResults)
      if (typeof found !== 'string') return found
      carrier.call.succeed(found)
      return null
    } catch (error) {
      if (error instanceof RangeError) return wrong('nextToken is none that a page of this listing gave out')
      throw error
    }
  }

  function members(carrier: GroupCall, audience: Audience): Promise<Refusal> {
    return page(carrier, async (cursor, limit) => membersJson(await groups.members(audience, cursor, limit)))
  }

  function report(carrier: GroupCall): Promise<Refusal> {
    const place = placeOf(carrier)
    return page(carrier, async (cursor, limit) => {
      const found = await groups.readReport(place, carrier.path.reportId as string, cursor, limit)
      if (found === 'gone') return { code: 'REPORT_GONE' }
      return found === 'unreachable' ? { code: 'WORKER_UNREACHABLE' } : reportPageJson(found)
    })
  }

  return function reach(carrier) {
    const { call, path, operation } = carrier
    switch (operation) {
      case 'postAll':
        return send(carrier, everyoneOf(carrier))
      case 'postGroup':
        return send(carrier, groupOf(carrier))
      case 'postUser':
        return send(carrier, userOf(carrier))
      case 'join':
        return settled(groups.join(path.connectionId as ConnectionId, groupOf(carrier)), (late) =>
          change(carrier, late),
        )
      case 'leave':
        return settled(groups.leave(path.connectionId as ConnectionId, groupOf(carrier)), (late) =>
          change(carrier, late),
        )
      case 'joinUser':
        return told(carrier, groups.joinAll(userOf(carrier), groupOf(carrier)))
      case 'leaveUser':
        return told(carrier, groups.leaveAll(userOf(carrier), groupOf(carrier)))
      case 'getGroup':
        return settled(groups.countAll(groupOf(carrier)), (count) => {
          call.succeed(countJson(path.group as string, count))
          return null
        })
      case 'getMembers':
        return members(carrier, groupOf(carrier))
      case 'getUser':
        return members(carrier, userOf(carrier))
      case 'deleteUser':
        return end(carrier, userOf(carrier))
      case 'deleteGroup':
        return deleteGroup(carrier)
      case 'getReport':
        return report(carrier)
      case 'getGroups': {
        const { apiId, name } = call.stage
        return page(carrier, async (cursor, limit) => groupsJson(await groups.groups(apiId, name, cursor, limit)))
      }
    }
  }
}

const everybody = { except: [], filter: null }

/** Makes the frame of a body that `refuseLargeBody` has let pass. */
function frameOf({ body }: GroupCall, { binary }: SendTerms) {
  const bytes = body as Buffer
  return binary ? { data: bytes, binary: true } : { data: textFrame(bytes), binary: false }
}

/** Answers a send: 202 where nobody asks what became of it, else 200 with the report. */
function answerSend(carrier: GroupCall, report: SendReport, { report: kind }: SendTerms, reports: Reports): null {
  const { call } = carrier
  if (kind === 'none') call.succeed(report.unreachable > 0 ? unreachableJson(report) : '', 202)
  else call.succeed(reportJson(report, kind, (failures) => reports.keepReport(placeOf(carrier), failures)))
  return null
}

function told({ call }: GroupCall, outcome: AudienceOutcome | Promise<AudienceOutcome>): Refusal | Promise<Refusal> {
  return settled(outcome, (late) => {
    call.succeed(outcomeJson(late))
    return null
  })
}

function settled<T>(value: T | Promise<T>, then: (value: T) => Refusal): Refusal | Promise<Refusal> {
  return value instanceof Promise ? value.then(then) : then(value)
}
