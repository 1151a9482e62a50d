import { execFileSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

// Read before anything is built, so that nothing of what is tested is imported here.
const repository = fileURLToPath(new URL('../..', import.meta.url))

/** The files of which the build is made, and those that it writes last. */
const sources = ['src', 'documents/src', 'load/src', 'package.json', 'tsconfig.json', 'tsconfig.build.json']
const builds = ['dist/cli/main.js', 'documents/dist', 'load/dist/cli/main.js']

/** Builds before the first test of a run when a source is newer than the build: tests run the commands that were built. */
export default function buildWhenStale(): void {
  const built = Math.min(...builds.map((path) => changedAt(join(repository, path))))
  const newest = Math.max(...sources.flatMap((path) => newestIn(join(repository, path))))
  if (newest > built) execFileSync('npm', ['run', '--silent', 'build'], { cwd: repository, stdio: 'inherit' })
}

function newestIn(path: string): number[] {
  if (!statSync(path).isDirectory()) return [changedAt(path)]
  return readdirSync(path, { recursive: true, encoding: 'utf8' }).map((entry) => changedAt(join(path, entry)))
}

function changedAt(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
}
