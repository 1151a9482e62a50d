import { randomInt } from 'node:crypto'
import { groupOf } from '../scenario/groups.ts'
import type { Scenario } from '../scenario/read-scenario.ts'
import type { WorkerPlan } from '../worker/plan.ts'
import { maxRunNumber } from '../worker/stamp.ts'

/**
 * Splits a scenario over worker processes: clients in turn, or group by group where there are groups, so that each
 * process knows all members of its groups. REST requests get a process of their own, which slows no frame down.
 */
export function planWorkers(scenario: Scenario, workers: number): WorkerPlan[] {
  const { definition, clients: count, data, env, ca } = scenario
  const sending = Math.max(1, Math.min(workers, count))
  const lists = Array.from({ length: sending }, (): number[] => [])
  for (let index = 0; index < count; index++) {
    const turn = definition.groups === undefined ? index : groupOf(definition, index)
    ;(lists[turn % sending] as number[]).push(index)
  }
  const shared = { run: randomInt(1, maxRunNumber), scenario: definition, data, env, ca }
  const filled = lists.filter((list) => list.length > 0)
  const plans = filled.map(
    (clients): WorkerPlan => ({
      ...shared,
      clients,
      share: clients.length / count,
      postConcurrency: postersOf(definition.pushes?.concurrency ?? 0, clients.length / count),
      drivesRest: false,
    }),
  )
  const rest: WorkerPlan = { ...shared, clients: [], share: 0, postConcurrency: 0, drivesRest: true }
  return definition.rest.length > 0 || plans.length === 0 ? [...plans, rest] : plans
}

/** A worker that posts at all has a poster. */
function postersOf(concurrency: number, share: number): number {
  return concurrency === 0 ? 0 : Math.max(1, Math.round(concurrency * share))
}
