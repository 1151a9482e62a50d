import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { families, type Golden, readCases } from './cases.ts'

/** Renders every case with the command given as arguments and writes the goldens. */
const [command = 'java', ...args] = process.argv.slice(2)
for (const family of families()) {
  const cases = readCases(family)
  const { stdout, stderr, status } = spawnSync(command, [...args, 'Oracle'], {
    input: JSON.stringify(cases),
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  if (status !== 0) throw new Error(stderr)
  const results = JSON.parse(stdout) as Omit<Golden, 'template'>[]
  const goldens = results.map(({ output, error }, i) => ({ template: cases[i]?.template, output, error }))
  const path = new URL(`../goldens/${family}.json`, import.meta.url)
  writeFileSync(path, `${JSON.stringify(goldens, null, 1)}\n`)
  console.log(`${family}: ${goldens.length}`)
}
