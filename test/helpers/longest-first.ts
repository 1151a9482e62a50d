import { statSync } from 'node:fs'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** The files that take 20 s and more, roughly in this order; what comes last keeps one core alone. */
const longest = [
  ...['wire/workers', 'wire/workers-faults', 'wire/operators', 'faults/partition', 'playground/playground'],
  ...['load/scenarios-fleet', 'load/bench/peers', 'wire/workers-roll', 'load/run/connections', 'faults/worker-death'],
  ...['soak/soak', 'faults/slow-redis', 'load/report/html-report', 'faults/redis-trouble', 'registry/redis/burial'],
  ...['functions/pools', 'faults/sentinel', 'faults/rolling-deploy', 'load/bench/measure', 'faults/failover'],
  ...['supervisor/supervisor', 'load/scenarios', 'load/run/delivery', 'wire/signals', 'registry/redis-start'],
]

/**
 * The order of a run: the files that take longest come first, then the larger ones; files that share processes come
 * last, since they are short. A clean checkout has no record of how long each took before.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(specifications: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId, project }: TestSpecification) => {
      const place = longest.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`))
      return [
        project.config.sequence.groupOrder,
        project.config.isolate ? 0 : 1,
        place === -1 ? longest.length : place,
        -statSync(moduleId).size,
      ]
    }
    const ranked = specifications.map((specification) => ({ specification, rank: rank(specification) }))
    ranked.sort((one, other) => {
      const differing = one.rank.findIndex((value, i) => value !== other.rank[i])
      return differing === -1 ? 0 : (one.rank[differing] as number) - (other.rank[differing] as number)
    })
    return ranked.map(({ specification }) => specification)
  }
}
