import { join } from 'node:path'
import { repository } from './examples.ts'

/**
 * The commands as they were built, which a test runs in processes of their own: a process that compiles the sources as
 * it reads them takes three times as long to start. `build-when-stale.ts` sees that the build is that of the sources.
 */
export const builtPostern: string = join(repository, 'dist/cli/main.js')
/** The command `postern` as npm links it: what it says to an old Node.js, and then the same. */
export const builtCommand: string = join(repository, 'dist/cli/postern.cjs')
export const builtPosternLoad: string = join(repository, 'load/dist/cli/main.js')
