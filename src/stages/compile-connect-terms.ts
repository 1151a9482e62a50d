import type { RouteDefinition } from '../config/api-definition.ts'
import type { ReportFault } from '../integrations/contract.ts'
import { type ConnectionMapping, compileConnectionMapping } from '../mapping/connection-mapping.ts'
import { compileGroupName, type GroupName } from '../mapping/group-name.ts'

/** The terms of a `$connect` route that say what a connection begins with. */
export interface ConnectTerms {
  /** The source of its user and its attributes; null for the authorizer alone. */
  readonly user: ConnectionMapping | null
  /** The groups that it joins. */
  readonly groups: readonly GroupName[]
}

const none: ConnectTerms = { user: null, groups: [] }

/** Compiles the terms for one stage, and reports their faults; with one they are not to be used. */
export function compileConnectTerms(
  route: RouteDefinition | undefined,
  stageVariables: Readonly<Record<string, string>>,
  report: ReportFault,
): ConnectTerms {
  if (route === undefined) return none
  const path = ['routes', '$connect']
  const groups = (route.groups ?? []).flatMap((each, index) => {
    const definition = typeof each === 'string' ? { groupName: each } : each
    try {
      return [compileGroupName(definition, stageVariables)]
    } catch (error) {
      report([...path, 'groups', index, ...(typeof each === 'string' ? [] : ['groupName'])], (error as Error).message)
      return []
    }
  })
  if (route.connection === undefined) return { user: null, groups }
  const { mapping, faults } = compileConnectionMapping(route.connection, stageVariables)
  for (const fault of faults) report([...path, 'connection', ...fault.path], fault.message)
  return { user: mapping, groups }
}
