import { cp, readdir } from 'node:fs/promises'
import { extname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * `npm run build`, second half: copies what the compiler leaves out from src/ to dist/: the playground, which is
 * served as it is written, and Redis scripts.
 */
const root = fileURLToPath(new URL('..', import.meta.url))
const extensions = new Set(['.html', '.css', '.svg', '.lua'])
const served = join('management', 'playground')

const entries = await readdir(join(root, 'src'), { recursive: true, withFileTypes: true })
for (const entry of entries) {
  const path = relative(join(root, 'src'), join(entry.parentPath, entry.name))
  const isScript = path.startsWith(served) && extname(path) === '.js'
  if (entry.isFile() && (extensions.has(extname(path)) || isScript)) {
    await cp(join(root, 'src', path), join(root, 'dist', path))
  }
}
