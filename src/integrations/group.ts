import type { ConnectionEvent } from '../events/event.ts'
import { compileGroupName } from '../mapping/group-name.ts'
import { compileTextExpression, evaluateText, type TextExpression } from '../mapping/text-expression.ts'
import type { AudienceCount, Group, Groups, JoinOutcome, LeaveOutcome, SendReport } from '../registry/group-contract.ts'
import { coalesceKeyRule, isCoalesceKey } from '../vocabulary/coalesce-key.ts'
import { GatewayError } from '../vocabulary/errors.ts'
import { maxMessageBytes } from '../vocabulary/frames.ts'
import type { IntegrationDefinition, IntegrationResult, IntegrationType, ReportFault } from './contract.ts'
import { createFaultList } from './fault-list.ts'
import { compileGroupFilter, type GroupFilter } from './group-filter.ts'
import { compileResponseMapping } from './integration-response.ts'
import { compileRequestTemplate, type RequestTemplate } from './request-template.ts'

/**
 * Creates GROUP, which AWS does not have: a message joins its sender to a group, takes it out, is sent to a group, or
 * asks for its number of members. The answer has status 200 and a body of JSON, for integration responses to map.
 * Without `groups` integrations can be compiled, as `postern check` does, and not opened.
 */
export function createGroupType(groups: Groups | null): IntegrationType {
  return {
    types: ['GROUP'],
    compile(definition, scope) {
      const { report, outcome } = createFaultList()
      const { apiId, stage, stageVariables } = scope
      const { groupName = '', groupNamePattern, filter: filterText, coalesce: keyText } = definition
      const compileGroup = () => compileGroupName({ groupName, groupNamePattern }, stageVariables)
      const name = compileMember('groupName', compileGroup, report)
      reportUnused(definition, report)
      const request = compileRequestTemplate(definition, scope, report)
      const filter =
        filterText === undefined
          ? null
          : compileMember('filter', () => compileGroupFilter(filterText, stageVariables), report)
      const coalesce =
        keyText === undefined
          ? null
          : compileMember('coalesce', () => compileTextExpression(keyText, stageVariables), report)
      const responses = compileResponseMapping(definition.integrationResponses, scope, report)
      return outcome(name, (groupName) => {
        if (groups === null) throw new Error('a GROUP was opened without groups')
        const act = actions[definition.groupAction ?? 'SEND']
        const parts: Parts = { groups, request, exceptSelf: definition.exceptSelf === true, filter, coalesce }
        const map = (event: ConnectionEvent, answer: object): IntegrationResult =>
          responses.map(event, {
            ...{ selectionValue: '200', status: 200, headers: [] },
            body: JSON.stringify(answer),
          })
        return {
          constant: null,
          invoke(event) {
            const group: Group = { apiId, stage, kind: 'group', name: groupName.nameFor(event) }
            const answer = act(event, group, parts)
            return answer instanceof Promise ? answer.then((late) => map(event, late)) : map(event, answer)
          },
          close() {},
        }
      })
    },
  }
}

/** The things that an action works with. */
interface Parts {
  readonly groups: Groups
  readonly request: RequestTemplate
  readonly exceptSelf: boolean
  readonly filter: GroupFilter | null
  readonly coalesce: TextExpression | null
}

/** Does something with a group, and gives what the answer says of it; throws or rejects with a `GatewayError`. */
type Action = (event: ConnectionEvent, group: Group, parts: Parts) => object | Promise<object>

const actions: Readonly<Record<NonNullable<IntegrationDefinition['groupAction']>, Action>> = {
  JOIN: ({ record }, group, { groups }) => settled(groups.join(record.connectionId, group), changed(group)),
  LEAVE: ({ record }, group, { groups }) => settled(groups.leave(record.connectionId, group), changed(group)),
  SEND: send,
  COUNT: (_, group, { groups }) =>
    settled(groups.countAll(group), ({ connections, unanswered, incomplete }: AudienceCount) => ({
      group: group.name,
      connections,
      unanswered: unanswered.length,
      incomplete,
    })),
}

function send(event: ConnectionEvent, group: Group, parts: Parts): object | Promise<object> {
  const { groups, request, exceptSelf, filter, coalesce } = parts
  const data = request.render(event)
  if (data === null) throw new GatewayError('API_CONFIGURATION_ERROR', 'there is no message and no template for one')
  if (data.length * 3 > maxMessageBytes && Buffer.byteLength(data) > maxMessageBytes) {
    throw new GatewayError('API_CONFIGURATION_ERROR', `the message has more than ${maxMessageBytes} bytes`)
  }
  const report = groups.send(
    group,
    { data, binary: false },
    {
      except: exceptSelf ? [event.record.connectionId] : nobody,
      filter: filter === null ? null : filter.textFor(event),
      coalesce: coalesce === null ? null : keyFor(coalesce, event),
      failures: 0,
    },
  )
  return settled(report, ({ targets, sent, full, gone, unreachable }: SendReport) => ({
    ...{ group: group.name, targets, sent, full, gone, unreachable },
  }))
}

const nobody: readonly string[] = []

function keyFor(coalesce: TextExpression, event: ConnectionEvent): string {
  const key = evaluateText(coalesce, event, (sentence) => invalidOption(`coalesce: ${sentence}`))
  if (!isCoalesceKey(key)) throw invalidOption(coalesceKeyRule)
  return key
}

function invalidOption(detail: string): GatewayError {
  return new GatewayError('INVALID_SEND_OPTION', detail)
}

/** The answer to joining and leaving, or what the client is told in its place. */
function changed(group: Group): (outcome: JoinOutcome | LeaveOutcome | 'unreachable') => object {
  return (outcome) => {
    switch (outcome) {
      case 'joined':
      case 'left':
        return { group: group.name, outcome }
      case 'tooMany':
        throw new GatewayError('TOO_MANY_GROUPS')
      case 'gone':
        throw new GatewayError('CONNECTION_GONE')
      case 'unreachable':
        throw new GatewayError('WORKER_UNREACHABLE')
    }
  }
}

function settled<T>(value: T | Promise<T>, answer: (value: T) => object): object | Promise<object> {
  return value instanceof Promise ? value.then(answer) : answer(value)
}

/** Compiles a member; null where it has a fault, which is reported. */
function compileMember<T>(name: keyof IntegrationDefinition, compile: () => T, report: ReportFault): T | null {
  try {
    return compile()
  } catch (error) {
    report([name], (error as Error).message)
    return null
  }
}

/** Reports what only a SEND can use. */
function reportUnused(definition: IntegrationDefinition, report: ReportFault): void {
  const { groupAction, exceptSelf, requestTemplates } = definition
  if (groupAction === 'SEND') return
  if (exceptSelf === true) report(['exceptSelf'], 'only groupAction SEND has a message to spare somebody')
  for (const name of ['filter', 'coalesce'] as const) {
    if (definition[name] !== undefined) report([name], 'only groupAction SEND has a message for it')
  }
  if (requestTemplates !== undefined) report(['requestTemplates'], 'only groupAction SEND has a message to make')
}
