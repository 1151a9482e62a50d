import type { Finding } from 'postern-documents/faults'
import { listedNames } from 'postern-documents/listed-names'
import { nearestName } from 'postern-documents/nearest-name'
import type { UsagePlan } from '../usage/contract.ts'
import type { GivenSettings } from './settings.ts'

/** An API by the names that a setting may call it by. */
export interface NamedApi {
  readonly apiId: string
  readonly stages: readonly string[]
  readonly routeKeys: readonly string[]
  /** Whether there may be stages that are not listed, since some of the definition can't be read. */
  readonly hasFaults: boolean
}

export interface NamedApis {
  readonly apis: readonly NamedApi[]
  /** Whether there may be APIs that are not listed, since a definition can't be read. */
  readonly incomplete: boolean
}

/**
 * Finds the APIs and stages that settings name and no definition has. What a definition with faults may hold is not
 * missed. The paths of the findings are those of postern.yaml.
 */
export function checkApiNames(
  {
    defaultApi,
    domains,
    usagePlans,
  }: Pick<GivenSettings, 'domains'> & {
    readonly defaultApi?: string | null | undefined
    readonly usagePlans: readonly Pick<UsagePlan, 'apiStages'>[]
  },
  known: NamedApis,
): Finding[] {
  const findings = defaultApi ? checkApi(defaultApi, ['defaultApi'], known) : []
  for (const [index, { apiMappings }] of domains.entries()) {
    for (const [at, { apiId, stage }] of apiMappings.entries()) {
      const path = ['domains', index, 'apiMappings', at]
      findings.push(
        ...checkApi(apiId, [...path, 'apiId'], known),
        ...checkStage(apiId, stage, [...path, 'stage'], known),
      )
    }
  }
  for (const [index, { apiStages }] of usagePlans.entries()) {
    for (const [at, planStage] of apiStages.entries()) {
      findings.push(...checkPlanStage(planStage, ['usagePlans', index, 'apiStages', at], known))
    }
  }
  return findings
}

function checkPlanStage(
  { apiId, stage, throttle }: UsagePlan['apiStages'][number],
  path: (string | number)[],
  known: NamedApis,
): Finding[] {
  return [
    ...checkApi(apiId, [...path, 'apiId'], known),
    ...checkStage(apiId, stage, [...path, 'stage'], known),
    ...Object.keys(throttle).flatMap((routeKey) => checkRoute(apiId, routeKey, [...path, 'throttle', routeKey], known)),
  ]
}

function checkRoute(apiId: string, routeKey: string, path: Finding['path'], { apis }: NamedApis): Finding[] {
  const api = apis.find((each) => each.apiId === apiId)
  if (api === undefined || api.hasFaults) return []
  const problem = `API ${apiId} has no route ${JSON.stringify(routeKey)}`
  return missing(routeKey, api.routeKeys, { path, atKey: true, problem })
}

function checkApi(apiId: string, path: Finding['path'], { apis, incomplete }: NamedApis): Finding[] {
  if (incomplete) return []
  return missing(
    apiId,
    apis.map((api) => api.apiId),
    { path, problem: `no definition has the apiId ${JSON.stringify(apiId)}` },
  )
}

function checkStage(apiId: string, stage: string, path: Finding['path'], { apis }: NamedApis): Finding[] {
  const api = apis.find((each) => each.apiId === apiId)
  if (api === undefined || api.hasFaults) return []
  return missing(stage, api.stages, { path, problem: `API ${apiId} has no stage ${JSON.stringify(stage)}` })
}

function missing(name: string, known: readonly string[], finding: Finding): Finding[] {
  if (known.includes(name)) return []
  const suggestion = nearestName(name, known) ?? undefined
  return [{ ...finding, allowed: listedNames(known, suggestion) || undefined, suggestion }]
}
