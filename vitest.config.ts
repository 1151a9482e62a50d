import { configDefaults, defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'
import { canSharePort } from './src/transport/node/shared-port.ts'

/** Whether a build of uWebSockets.js loads on this Node.js; else Node.js itself is under all tests. */
const uwsLoads = await import('uWebSockets.js').then(
  () => true,
  () => false,
)

/** Several workers need a port that they share, which Node.js itself can from 22.12 on. */
const workerTests = canSharePort(process.versions.node, process.platform) ? [] : ['test/wire/workers*.test.ts']

/** Tests over one server underneath, as the setting `transport` says to them and to the processes that they start. */
function over(server: 'uws' | 'node', include: string[]): TestProjectInlineConfiguration {
  return {
    extends: true,
    test: {
      name: server,
      include,
      exclude: server === 'node' ? [...configDefaults.exclude, ...workerTests] : configDefaults.exclude,
      env: { POSTERN_TRANSPORT: server },
    },
  }
}

const all = ['test/**/*.test.ts']
/** The tests that reach the server underneath: those run over both. */
const onBoth = ['test/transport/**/*.test.ts', 'test/wire/**/*.test.ts']

export default defineConfig({
  // The sources of the workspaces, not what was built of them; the others are Vite's own.
  ssr: { resolve: { conditions: ['postern-source', 'node', 'development|production'] } },
  test: {
    projects: uwsLoads ? [over('uws', all), over('node', onBoth)] : [over('node', all)],
    globalSetup: 'test/helpers/build-when-stale.ts',
    // With threads an unclosed uWebSockets.js App aborts the whole run.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 15_000,
    hookTimeout: 60_000,
  },
})
