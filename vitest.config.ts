import { configDefaults, defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'
import { canSharePort } from './src/transport/node/shared-port.ts'
import { LongestFirst } from './test/helpers/longest-first.ts'

/** Whether a build of uWebSockets.js loads on this Node.js; else Node.js itself is under all tests. */
const uwsLoads = await import('uWebSockets.js').then(
  () => true,
  () => false,
)

/** Several workers need a port that they share, which Node.js itself can from 22.12 on. */
const workerTests = canSharePort(process.versions.node, process.platform) ? [] : ['test/wire/workers*.test.ts']

const excluded = configDefaults.exclude
/** The tests that reach the server underneath: those run over both. */
const onBoth = ['test/transport/**/*.test.ts', 'test/wire/**/*.test.ts']
/** The tests that start processes, servers and browsers, or measure their own process: each file has a process of its own. */
const apart = [
  ...onBoth,
  'test/{functions,packaging,playground,registry,routes,supervisor}/**/*.test.ts',
  'test/load/{bench,cli,report,run}/**/*.test.ts',
  'test/load/*.test.ts',
]

/** Tests that have both cores busy and measure what comes of it: two at a time, when all others have ended. */
const heavy = ['test/{faults,soak}/**/*.test.ts', 'test/wire/operators.test.ts']

/** Tests over one server underneath, as the setting `transport` says to them and to the processes that they start. */
function over(server: 'uws' | 'node', include: string[]): TestProjectInlineConfiguration {
  const exclude = [...excluded, ...heavy, ...(server === 'node' ? workerTests : [])]
  return { extends: true, test: { name: server, include, exclude, env: { POSTERN_TRANSPORT: server } } }
}

const measuring: TestProjectInlineConfiguration = {
  extends: true,
  test: {
    name: 'heavy',
    include: heavy,
    maxWorkers: 2,
    sequence: { groupOrder: 1 },
    env: { POSTERN_TRANSPORT: uwsLoads ? 'uws' : 'node' },
  },
}

/** All other tests: their files share processes, since most of the time of such a file is what loading it takes. */
const quick: TestProjectInlineConfiguration = {
  extends: true,
  test: {
    name: 'quick',
    include: ['test/**/*.test.ts'],
    exclude: [...excluded, ...apart, ...heavy],
    isolate: false,
    env: { POSTERN_TRANSPORT: uwsLoads ? 'uws' : 'node' },
  },
}

export default defineConfig({
  // The sources of the workspaces, not what was built of them; the others are Vite's own.
  ssr: { resolve: { conditions: ['postern-source', 'node', 'development|production'] } },
  test: {
    projects: [...(uwsLoads ? [over('uws', apart), over('node', onBoth)] : [over('node', apart)]), quick, measuring],
    globalSetup: 'test/helpers/build-when-stale.ts',
    // With threads an unclosed uWebSockets.js App aborts the whole run.
    pool: 'forks',
    // More than two cores would ask for: most tests wait for clocks, sockets and processes.
    maxWorkers: 4,
    sequence: { sequencer: LongestFirst },
    testTimeout: 15_000,
    hookTimeout: 60_000,
  },
})
