import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'

/**
 * `npm run build`, the gateway: joins the modules of src/ into few files of dist/, without what is loaded when it is
 * needed. To find, read and link some 500 modules would take a third of the time in which a process starts.
 * What Node.js runs or reads by its name keeps its place: the commands here, the rest in `copy-assets.ts`.
 */
const root = fileURLToPath(new URL('..', import.meta.url))
const src = join(root, 'src')
const dist = join(root, 'dist')

/** Lets a module find the files beside it where they are in dist/: every file that is made stands one folder deep. */
const ownPlaces: Plugin = {
  name: 'own-places',
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8')
      const place = `../${relative(src, path).replace(/\.ts$/, '.js')}`
      return {
        contents: text.replaceAll('import.meta.url', `new URL(${JSON.stringify(place)}, import.meta.url).href`),
        loader: 'ts',
      }
    })
  },
}

/** Leaves alone what is CommonJS: the first words of the command, which hold a state that must be there once. */
const commonJs: Plugin = {
  name: 'common-js',
  setup({ onResolve }) {
    onResolve({ filter: /^\.{1,2}\/.+\.cjs$/ }, ({ path, importer }) => ({
      path: `../${relative(src, join(dirname(importer), path))}`,
      external: true,
    }))
  },
}

const { outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: ['src/cli/main.ts'],
  outbase: 'src',
  outdir: 'dist',
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  packages: 'external',
  format: 'esm',
  platform: 'node',
  target: 'node20',
  plugins: [ownPlaces, commonJs],
  write: false,
})
// A gateway that runs from here goes on to find what it has not loaded yet: chunks of an older build stay, and one whose
// name is there is the same. The commands come last: they are what tells the age of a build.
const isChunk = (path: string) => path.startsWith(join(dist, 'chunks'))
for (const { path, contents } of outputFiles.toSorted((a, b) => Number(isChunk(b.path)) - Number(isChunk(a.path)))) {
  if (isChunk(path) && existsSync(path)) continue
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, contents)
}
