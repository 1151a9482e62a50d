import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatFault } from 'postern-documents/faults'
import { expect, onTestFinished, test } from 'vitest'
import { readScenario } from '../../../load/src/scenario/read-scenario.ts'
import { repository } from '../../helpers/examples.ts'

const pages = ['docs/load-scenarios.md', 'docs/load-testing.md'].map((path) => readFile(join(repository, path), 'utf8'))
const blocks = (await Promise.all(pages)).flatMap((page) =>
  [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map((match) => match[1] as string),
)

test.each(blocks)('the scenario of the page has no fault: %#', async (text) => {
  const folder = await mkdtemp(join(tmpdir(), 'postern-scenario-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await writeFile(join(folder, 's.yaml'), text)
  const { faults } = await readScenario(join(folder, 's.yaml'), { env: {} })
  expect(faults.map(formatFault)).toEqual([])
})

const shipped = (await readdir(join(repository, 'load'))).filter((name) => name.endsWith('.yaml'))

test.each(shipped)('load/%s has no fault', async (name) => {
  const { faults } = await readScenario(join(repository, 'load', name), { env: {} })
  expect(faults.map(formatFault)).toEqual([])
})
