import { configDefaults, defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'
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
/** The tests that start processes, servers and browsers, or measure their own process: each file has a process of its own. */
const apart = [
  ...onBoth,
  'test/{faults,functions,packaging,playground,registry,routes,soak,supervisor}/**/*.test.ts',
  'test/load/{bench,cli,report,run}/**/*.test.ts',
  'test/load/*.test.ts',
]

/** Tests over one server underneath, as the setting `transport` says to them and to the processes that they start. */
function over(server: 'uws' | 'node', include: string[]): TestProjectInlineConfiguration {
  const exclude = server === 'node' ? [...excluded, ...notOverNode] : excluded
  return { extends: true, test: { name: server, include, exclude, env: { POSTERN_TRANSPORT: server } } }
}

/** All other tests: their files share processes, since most of the time of such a file is what loading it takes. */
const quick: TestProjectInlineConfiguration = {
  extends: true,
  test: {
    name: 'quick',
    include: ['test/**/*.test.ts'],
    exclude: [...excluded, ...apart],
    isolate: false,
    env: { POSTERN_TRANSPORT: uwsLoads ? 'uws' : 'node' },
  },
}

export default defineConfig({
  // The sources of the workspaces, not what was built of them; the others are Vite's own.
  ssr: { resolve: { conditions: ['postern-source', 'node', 'development|production'] } },
  test: {
    projects: [...(uwsLoads ? [over('uws', apart), over('node', onBoth)] : [over('node', apart)]), quick],
    globalSetup: 'test/helpers/build-when-stale.ts',
    // With threads an unclosed uWebSockets.js App aborts the whole run.
    pool: 'forks',
    // One more than the cores that CI has: most files wait more than they work. With more, those that keep the cores busy
    // disturb those that wait for a clock.
    maxWorkers: 3,
    // Much more than any of them takes on a machine that does nothing else.
    testTimeout: 40_000,
    hookTimeout: 60_000,
  },
})
