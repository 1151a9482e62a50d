import { chmod, cp, readdir, readFile } from 'node:fs/promises'
import { extname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * `npm run build`, second half: copies what the compiler leaves out from src/ to dist/: the playground, which is
 * served as it is written, and Redis scripts. Then makes the command executable: npm does that for a package that it
 * installs, but `npx postern` in a clone finds what was built here.
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

const { bin } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { bin: Record<string, string> }
for (const command of Object.values(bin)) await chmod(join(root, command), 0o755)
