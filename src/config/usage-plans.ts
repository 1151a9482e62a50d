import type { Finding } from 'postern-documents/faults'
import { atLeast, flag, oneOf, prose, record, refusedMembers, text, wholeNumber } from 'postern-documents/schema-parts'
import { z } from 'zod'
import type { UsageModel } from '../usage/contract.ts'
import { readSecretFile } from './credentials.ts'
import { throttle } from './throttle-settings.ts'

/** "Amazon API Gateway quotas": API keys and usage plans of an account, and stages of a plan. */
const maxKeys = 10_000
const maxPlans = 300
const maxStages = 100

const id = () => text('letters, digits and . _ -, at most 64', { max: 64, pattern: /^[\w.-]+$/ })
const name = () => text('a string of at most 1024 characters', { max: 1024 })

const apiKey = z.strictObject({
  id: id().describe('The id, which is no secret: it stands in logs and reports, and in $context.identity.apiKeyId.'),
  name: name().optional().describe('The name for people; the id when unset.'),
  description: prose().optional().describe('For people.'),
  enabled: flag().default(true).describe('Whether the key is valid; the value of another is not read.'),
  valueVariable: text('the name of an environment variable', { max: 256, pattern: /^[A-Za-z_]\w*$/ })
    .optional()
    .describe('The environment variable that holds the value: 20 to 128 characters.'),
  valueFile: text('the path of a file', { max: 4_096 }).optional().describe('The file that holds the value, instead.'),
})
refusedMembers.add(apiKey, {
  value: 'values are secrets: they come from an environment variable (valueVariable) or a file (valueFile)',
  stageKeys: 'usagePlans name the stages of keys',
})

const quota = z.strictObject({
  limit: wholeNumber(0, Number.MAX_SAFE_INTEGER).describe('Requests of each key in a period.'),
  period: oneOf(['HOUR', 'DAY', 'WEEK', 'MONTH']).describe('The period, of UTC. HOUR is beyond AWS.'),
  offset: wholeNumber(0, 27)
    .default(0)
    .describe('The day on which a week (0 to 6, 0 is Sunday) or a month (0 to 27, 0 is the first) begins.'),
})

const planStage = z.strictObject({
  apiId: text('the apiId of an API', { max: 63, pattern: /^[a-z0-9][a-z0-9-]*$/ }).describe('The API.'),
  stage: text('the name of a stage', { max: 128, pattern: /^[\w-]+$/ }).describe('The stage.'),
  throttle: record(text('a route key', { max: 512 }), throttle(), 1_000)
    .default(() => Object.create(null))
    .describe('Limits of each key by route key, rateLimit and burstLimit; $connect is that of handshakes.'),
})

const usagePlan = z.strictObject({
  id: id().describe('The id.'),
  name: name().optional().describe('The name for people; the id when unset.'),
  description: prose().optional().describe('For people.'),
  apiStages: z
    .array(planStage, { error: 'a list of stages' })
    .max(maxStages, { error: `at most ${maxStages} stages` })
    .default([])
    .describe('The stages that keys of the plan may use.'),
  throttle: throttle().optional().describe('Limits of each key over all stages of the plan: rateLimit and burstLimit.'),
  quota: quota.optional().describe('Quota of each key over all stages of the plan: limit, period and offset.'),
  keyIds: z
    .array(id(), { error: 'a list of ids of apiKeys' })
    .max(maxKeys, { error: `at most ${maxKeys} keys` })
    .default([])
    .describe('The keys of the plan, by their ids. A key is in one plan of a stage at most.'),
})

const usagePrices = z.strictObject({
  currency: text('a currency, such as EUR', { max: 16, pattern: /^\S+$/ }).describe('The currency.'),
  perMillionRequests: record(id(), atLeast(0), maxPlans).describe('The price of a million requests, by usage plan.'),
})

/** The members of postern.yaml about API keys. */
export const usageMembers = {
  apiKeys: z
    .array(apiKey, { error: 'a list of API keys' })
    .max(maxKeys, { error: `at most ${maxKeys} API keys` })
    .default([])
    .describe('API keys, which clients of routes with apiKeyRequired show.'),
  usagePlans: z
    .array(usagePlan, { error: 'a list of usage plans' })
    .max(maxPlans, { error: `at most ${maxPlans} usage plans` })
    .default([])
    .describe('Usage plans: which keys may use which stages, and how much.'),
  usagePrices: usagePrices.optional().describe('Price list of what is used, for postern usage.'),
}

export interface GivenUsage {
  readonly apiKeys: readonly z.output<typeof apiKey>[]
  readonly usagePlans: readonly z.output<typeof usagePlan>[]
  readonly usagePrices?: z.output<typeof usagePrices> | undefined
}

/** The values of API keys by their ids, and the faults of those that could not be read. */
export interface ApiKeyValues {
  readonly byId: ReadonlyMap<string, string>
  readonly findings: readonly Finding[]
}

/** Reads the values from where the keys say. Never rejects; the findings hold no value. */
export async function readApiKeyValues(
  { apiKeys }: Pick<GivenUsage, 'apiKeys'>,
  env: Readonly<Record<string, string | undefined>>,
): Promise<ApiKeyValues> {
  const byId = new Map<string, string>()
  const owners = new Map<string, string>()
  const findings: Finding[] = []
  for (const [index, { id: keyId, enabled, valueVariable, valueFile }] of apiKeys.entries()) {
    if (!enabled) continue
    const path = ['apiKeys', index]
    if ((valueVariable === undefined) === (valueFile === undefined)) {
      findings.push({ path, problem: 'one of valueVariable and valueFile is needed' })
      continue
    }
    const at = [...path, valueVariable === undefined ? 'valueFile' : 'valueVariable']
    const read =
      valueVariable === undefined ? await readSecretFile(valueFile as string) : { secret: env[valueVariable] ?? '' }
    if ('problem' in read) findings.push({ path: at, problem: read.problem })
    else if (!/^[!-~]{20,128}$/.test(read.secret)) {
      const found = read.secret === '' ? 'nothing' : 'something else'
      findings.push({ path: at, found, allowed: 'a value of 20 to 128 characters without spaces' })
    } else if (owners.has(read.secret)) {
      findings.push({ path: at, problem: `has the value of the key ${owners.get(read.secret)}` })
    } else {
      byId.set(keyId, read.secret)
      owners.set(read.secret, keyId)
    }
  }
  return { byId, findings }
}

/** The environment variables that hold values of API keys. */
export function apiKeyVariables(given: Pick<GivenUsage, 'apiKeys'> | null | undefined): string[] {
  return (given?.apiKeys ?? []).flatMap(({ valueVariable }) => valueVariable ?? [])
}

const maxOffset = { HOUR: 0, DAY: 0, WEEK: 6, MONTH: 27 }

/** Checks that ids stand once, that plans name keys that are there, and that no key has two plans for a stage. */
export function checkUsage({ apiKeys, usagePlans, usagePrices: prices }: GivenUsage): Finding[] {
  const known = new Set(apiKeys.map((each) => each.id))
  const findings = [...repeated('apiKeys', apiKeys), ...repeated('usagePlans', usagePlans)]
  const planOf = new Map<string, string>()
  for (const [index, plan] of usagePlans.entries()) {
    const path = ['usagePlans', index]
    const { period = 'DAY', offset = 0 } = plan.quota ?? {}
    if (offset > maxOffset[period]) {
      const allowed = maxOffset[period] === 0 ? '0' : `0 to ${maxOffset[period]}`
      findings.push({ path: [...path, 'quota', 'offset'], found: String(offset), allowed: `${allowed} with ${period}` })
    }
    const stages = plan.apiStages.map(({ apiId, stage }) => `${apiId}/${stage}`)
    for (const [at, stage] of stages.entries()) {
      if (stages.indexOf(stage) === at) continue
      findings.push({ path: [...path, 'apiStages', at], problem: `${stage} stands in the plan twice` })
    }
    for (const [at, keyId] of plan.keyIds.entries()) {
      const problem = known.has(keyId)
        ? conflictOf(keyId, plan.id, new Set(stages), planOf)
        : `no key of apiKeys has the id ${keyId}`
      if (problem !== null) findings.push({ path: [...path, 'keyIds', at], problem })
    }
  }
  for (const planId of Object.keys(prices?.perMillionRequests ?? {})) {
    if (usagePlans.some((each) => each.id === planId)) continue
    const path = ['usagePrices', 'perMillionRequests', planId]
    findings.push({ path, atKey: true, problem: `no plan of usagePlans has the id ${planId}` })
  }
  return findings
}

function conflictOf(
  keyId: string,
  planId: string,
  stages: ReadonlySet<string>,
  planOf: Map<string, string>,
): string | null {
  for (const stage of stages) {
    const place = `${keyId} ${stage}`
    const other = planOf.get(place)
    if (other !== undefined) {
      return other === planId
        ? `${keyId} stands in the plan twice`
        : `${keyId} has the plan ${other} for ${stage} already`
    }
    planOf.set(place, planId)
  }
  return null
}

function repeated(list: 'apiKeys' | 'usagePlans', entries: readonly { readonly id: string }[]): Finding[] {
  const seen = new Set<string>()
  return entries.flatMap((entry, index) => {
    if (!seen.has(entry.id)) {
      seen.add(entry.id)
      return []
    }
    return [{ path: [list, index, 'id'], problem: `${entry.id} stands in ${list} twice` }]
  })
}

/** The keys and plans in force. */
export function completeUsage(
  { apiKeys, usagePlans, usagePrices: prices }: GivenUsage,
  values: ApiKeyValues,
): UsageModel {
  return {
    prices: prices ?? null,
    apiKeys: apiKeys.map(({ id: keyId, name: given, enabled }) => {
      return { id: keyId, name: given ?? keyId, enabled, value: values.byId.get(keyId) ?? null }
    }),
    usagePlans: usagePlans.map((plan) => {
      const { id: planId, name: given, apiStages, throttle: limits, quota: share, keyIds } = plan
      return { id: planId, name: given ?? planId, apiStages, throttle: limits ?? null, quota: share ?? null, keyIds }
    }),
  }
}
