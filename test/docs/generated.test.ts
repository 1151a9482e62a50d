import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { fillSections, generated } from '../../scripts/generated.ts'
import { sections } from '../../scripts/generators.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const contents = generated(root)

test.each([...contents.keys()])('%s is as `npm run generate` writes it', (path) => {
  expect(readFileSync(join(root, path), 'utf8')).toBe(contents.get(path))
})

test('the schemas and the settings page are generated', () => {
  for (const path of ['schema/api.schema.json', 'schema/settings.schema.json', 'docs/settings.md']) {
    expect(contents.has(path)).toBe(true)
  }
})

test('every section can be written into a page and comes out the same the second time', () => {
  const page = Object.keys(sections).map((name) => `# ${name}\n\n<!-- generated:${name} -->\n<!-- /generated -->\n`)
  const once = fillSections(page.join('\n'), 'x.md') as string
  expect(once).toContain('| --- |')
  expect(fillSections(once, 'x.md')).toBe(once)
})

test('a page without generated parts is left alone', () => {
  expect(fillSections('# Title\n', 'x.md')).toBeNull()
})

test('a part that nobody generates is named with its page', () => {
  expect(() => fillSections('<!-- generated:nothing -->\n<!-- /generated -->', 'docs/x.md')).toThrow(
    'docs/x.md: nobody generates nothing; there are settings,',
  )
})
