import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { files, sections } from './generators.ts'

const marker = /(<!-- generated:([\w-]+) -->\n)[\s\S]*?(<!-- \/generated -->)/g

/** Gives the text of every generated file, by its path below `root`: whole files, and pages with generated parts. */
export function generated(root: string): Map<string, string> {
  const contents = new Map(Object.entries(files).map(([path, make]) => [path, make()]))
  for (const path of pages(root)) {
    const text = readFileSync(join(root, path), 'utf8')
    const filled = fillSections(text, path)
    if (filled !== null) contents.set(path, filled)
  }
  return contents
}

/** A page with its generated parts anew; null when it has none. Throws for a part that nobody generates. */
export function fillSections(text: string, path: string): string | null {
  if (!text.includes('<!-- generated:')) return null
  return text.replace(marker, (_, open: string, name: string, close: string) => {
    const make = Object.hasOwn(sections, name) ? sections[name] : undefined
    if (make === undefined)
      throw new Error(`${path}: nobody generates ${name}; there are ${Object.keys(sections).join(', ')}`)
    return `${open}\n${make()}\n\n${close}`
  })
}

function pages(root: string): string[] {
  const docs = join(root, 'docs')
  const inDocs = existsSync(docs) ? readdirSync(docs, { recursive: true, encoding: 'utf8' }) : []
  return ['README.md', ...inDocs.map((path) => join('docs', path))].filter(
    (path) => path.endsWith('.md') && existsSync(join(root, path)),
  )
}
