import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * `npm pack`, first part: removes all that was built, since the compiler leaves what it has made of sources that are gone
 * by now, and the package would have it.
 */
const root = fileURLToPath(new URL('..', import.meta.url))

for (const home of [root, join(root, 'documents'), join(root, 'load')]) {
  await rm(join(home, 'dist'), { recursive: true, force: true })
}
