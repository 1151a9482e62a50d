import { groupOf } from '../scenario/groups.ts'
import { type ClientValues, compileTemplate, noMessage } from '../scenario/template.ts'
import type { WorkerPlan } from './plan.ts'

/** The values that templates of a client may name: its number, group, variables, row of data, and the environment. */
export function clientValues(plan: Pick<WorkerPlan, 'scenario' | 'data' | 'env'>, index: number): ClientValues {
  const { scenario, env } = plan
  const data = plan.data[index % Math.max(1, plan.data.length)] ?? {}
  const values = { index, group: groupOf(scenario, index), vars: Object.create(null), data, env }
  for (const [name, text] of Object.entries(scenario.variables)) {
    values.vars[name] = compileTemplate(text).render(values, noMessage)
  }
  return values
}
