import { configDefaults, defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { canSharePort } from './src/transport/node/shared-port.ts'
import { loadTestUws } from './test/helpers/test-uws.ts'

/**
 * Whether a build of uWebSockets.js loads on this Node.js, which is the one in POSTERN_UWS_MODULE or else ours; if not,
 * Node.js itself is under all tests.
 */
const uwsLoads = await loadTestUws().then(
  () => true,
  () => false,
)

/**
 * The tests of wire that do not run over Node.js: several workers need a port that they share, which it can from 22.12
 * on; what operators see of a fleet takes minutes, and is asked of the registry and the management port.
 */
const notOverNode = [
  'test/wire/operators.test.ts',
  ...(canSharePort(process.versions.node, process.platform) ? [] : ['test/wire/workers*.test.ts']),
]

const excluded = configDefaults.exclude
/** The tests that reach the server underneath: those run over both. */
const onBoth = ['test/transport/**/*.test.ts', 'test/wire/**/*.test.ts']
/** The tests that hold a clock against several processes at once: more of them together would disturb each other. */
const timed = [
  'test/{faults,soak}/**/*.test.ts',
  'test/load/{bench,cli,report,run}/**/*.test.ts',
  'test/load/*.test.ts',
  'test/functions/orphan-guard.test.ts',
  'test/supervisor/supervisor.test.ts',
  'test/wire/{descriptor-limit,operators,signals,workers*}.test.ts',
]
/** Those of them that mostly wait, for leases and deadlines: twice as many of them at once fill no more than two cores. */
const waiting = [
  'test/faults/{failover,partition,redis-trouble,sentinel,worker-death}.test.ts',
  'test/load/report/{compare-results,html-report,real-run}.test.ts',
  'test/load/run/{connections,delivery,missing,replies,rest}.test.ts',
  'test/functions/orphan-guard.test.ts',
  'test/supervisor/supervisor.test.ts',
  'test/wire/workers{,-faults}.test.ts',
]
/** The tests that measure their own process: each file has one of its own. */
const alone = ['test/transport/leak.test.ts', 'test/registry/redis-{cost,slot-moves}.test.ts']
/** The tests that start processes, servers and browsers. */
const apart = [
  ...onBoth,
  'test/{faults,functions,idempotency,packaging,playground,registry,routes,soak,supervisor}/**/*.test.ts',
  'test/load/{bench,cli,report,run}/**/*.test.ts',
  'test/load/*.test.ts',
]

/**
 * Tests over one server underneath, as the setting `transport` says to them and to the processes that they start. Most
 * wait more than they work, so that four files at once fill two cores; those with a clock come after them,
 * first those that mostly wait, four at once, then the others, two at once.
 * Files share processes where they can, since to load the gateway is half of the work of most.
 */
function over(server: 'uws' | 'node', include: string[]): TestProjectInlineConfiguration[] {
  const left = server === 'node' ? [...excluded, ...notOverNode] : excluded
  const env = { POSTERN_TRANSPORT: server }
  const isHere = (path: string) => server === 'uws' || path.startsWith('test/wire/')
  const withClock = timed.filter(isHere)
  const thatWait = waiting.filter(isHere)
  const byItself = server === 'node' ? alone.filter((each) => each.startsWith('test/transport/')) : alone
  const sharing = { include, exclude: [...left, ...timed, ...alone], isolate: false }
  return [
    { extends: true, test: { name: server, ...sharing, env, ...untimed } },
    { extends: true, test: { name: `${server}-alone`, include: byItself, exclude: left, env, ...untimed } },
    {
      extends: true,
      test: { name: `${server}-waiting`, include: thatWait, exclude: left, isolate: false, env, ...byTheClock(4, 1) },
    },
    {
      extends: true,
      test: {
        ...{ name: `${server}-timed`, include: withClock, exclude: [...left, ...thatWait], isolate: false, env },
        ...byTheClock(2, 2),
      },
    },
  ]
}

/** The number behind `--maxWorkers` where one is given: Vitest does not let it count for projects that have their own. */
const asked = Number(/--maxWorkers[= ](\d+)/.exec(process.argv.join(' '))?.[1] ?? Number.POSITIVE_INFINITY)
/** The files that take longest, first those that take most: one that began last would leave a core without work. */
const longest = [
  'test/wire/workers-faults.test.ts',
  'test/faults/rolling-deploy.test.ts',
  'test/wire/workers.test.ts',
  'test/load/scenarios-fleet.test.ts',
  'test/load/bench/peers.test.ts',
  'test/wire/workers-roll.test.ts',
  'test/wire/operators.test.ts',
  'test/soak/soak.test.ts',
  'test/supervisor/supervisor.test.ts',
  'test/load/run/connections.test.ts',
  'test/load/report/html-report.test.ts',
  'test/load/run/delivery.test.ts',
  'test/faults/worker-death.test.ts',
  'test/faults/partition.test.ts',
  'test/functions/pools.test.ts',
  'test/playground/playground.test.ts',
  'test/registry/redis/burial.test.ts',
  'test/packaging/packed.test.ts',
  'test/wire/functions.test.ts',
  'test/wire/events.test.ts',
]

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const at = longest.findIndex((path) => moduleId.endsWith(path))
      return at < 0 ? longest.length : at
    }
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b))
  }
}

const untimed = { maxWorkers: Math.min(4, asked), sequence: { groupOrder: 0 } }
const byTheClock = (workers: number, groupOrder: number) => ({
  maxWorkers: Math.min(workers, asked),
  sequence: { groupOrder },
})

/** All other tests, which start neither. */
const quick: TestProjectInlineConfiguration = {
  extends: true,
  test: {
    name: 'quick',
    include: ['test/**/*.test.ts'],
    exclude: [...excluded, ...apart],
    isolate: false,
    ...untimed,
    env: { POSTERN_TRANSPORT: uwsLoads ? 'uws' : 'node' },
  },
}

export default defineConfig({
  // The sources of the workspaces, not what was built of them; the others are Vite's own.
  ssr: { resolve: { conditions: ['postern-source', 'node', 'development|production'] } },
  test: {
    projects: [...(uwsLoads ? [...over('uws', apart), ...over('node', onBoth)] : over('node', apart)), quick],
    globalSetup: 'test/helpers/build-when-stale.ts',
    // With threads an unclosed uWebSockets.js App aborts the whole run.
    pool: 'forks',
    // One transformation of each module for all projects, in place of one for each.
    experimental: { fsModuleCache: true },
    // Much more than any of them takes on a machine that does nothing else.
    testTimeout: 40_000,
    hookTimeout: 60_000,
    // A second, as Vitest has it, is too little for what another process does on a machine that is busy.
    expect: { poll: { timeout: 20_000 } },
    sequence: { sequencer: LongestFirst },
  },
})
