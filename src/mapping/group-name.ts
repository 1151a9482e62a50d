import { stepBudget } from 'postern-documents/regex/budget'
import { compileWhole } from 'postern-documents/regex/regex'
import type { ConnectionEvent } from '../events/event.ts'
import { audienceNameRule, isAudienceName } from '../vocabulary/audience-name.ts'
import { GatewayError } from '../vocabulary/errors.ts'
import { compileTextExpression, evaluateText } from './text-expression.ts'

/** The name of a group as a definition spells it. */
export interface GroupNameDefinition {
  groupName: string
  /** A regular expression that has to match the whole name. */
  groupNamePattern?: string | undefined
}

/** The name of a group, compiled: which group is meant depends on the event. */
export interface GroupName {
  /** The name for one event. Throws INVALID_GROUP_NAME where there is none, or one that is not allowed. */
  nameFor(event: ConnectionEvent): string
}

/** The steps that a pattern may take on one name: some milliseconds. */
const maxSteps = 100_000

/** Compiles a name for one stage, or throws a `ParameterSourceError`, or a `PatternError` for its pattern. */
export function compileGroupName(
  { groupName, groupNamePattern }: GroupNameDefinition,
  stageVariables: Readonly<Record<string, string>>,
): GroupName {
  const expression = compileTextExpression(groupName, stageVariables)
  const matches = groupNamePattern === undefined ? null : compileWhole(groupNamePattern)

  function checked(name: string): string {
    if (!isAudienceName(name)) throw invalid(`a name has ${audienceNameRule}`)
    if (matches !== null && !matches(name, stepBudget(maxSteps, tooSlow))) {
      throw invalid(`${JSON.stringify(name)} does not fit groupNamePattern`)
    }
    return name
  }

  return {
    nameFor(event) {
      return checked(expression.constant ?? evaluateText(expression, event, invalid))
    },
  }
}

function tooSlow(): GatewayError {
  return new GatewayError('API_CONFIGURATION_ERROR', `groupNamePattern takes more than ${maxSteps} steps`)
}

function invalid(detail: string): GatewayError {
  return new GatewayError('INVALID_GROUP_NAME', detail)
}
