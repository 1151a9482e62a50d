import { defineConfig } from 'vitest/config'

export default defineConfig({
  // The sources of the workspaces, not what was built of them; the others are Vite's own.
  ssr: { resolve: { conditions: ['postern-source', 'node', 'development|production'] } },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/helpers/build-when-stale.ts',
    // With threads an unclosed uWebSockets.js App aborts the whole run.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 15_000,
    hookTimeout: 60_000,
  },
})
