import { chmod, cp, readdir, readFile } from 'node:fs/promises'
import { extname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * `npm run build`, last part: copies what is read as it is written from src/ to dist/, of the gateway and of the load
 * tool: the playground, Redis scripts, styles, the program of a function's process and the first words of the command.
 * Then makes the commands executable: npm does that for a package that it installs, but `npx postern` in a clone finds
 * what was built here.
 */
const root = fileURLToPath(new URL('..', import.meta.url))
const extensions = new Set(['.html', '.css', '.svg', '.lua', '.mjs', '.cjs'])
const served = join('management', 'playground')

for (const home of [root, join(root, 'load')]) {
  const entries = await readdir(join(home, 'src'), { recursive: true, withFileTypes: true })
  for (const entry of entries) {
    const path = relative(join(home, 'src'), join(entry.parentPath, entry.name))
    const isScript = path.startsWith(served) && extname(path) === '.js'
    if (entry.isFile() && (extensions.has(extname(path)) || isScript)) {
      await cp(join(home, 'src', path), join(home, 'dist', path))
    }
  }
  const { bin } = JSON.parse(await readFile(join(home, 'package.json'), 'utf8')) as { bin: Record<string, string> }
  for (const command of Object.values(bin)) await chmod(join(home, command), 0o755)
}
