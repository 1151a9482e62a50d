import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { repository } from './examples.ts'

/** A fenced block of a page. */
export interface CodeBlock {
  /** The language that stands behind the fence: `yaml`, `sh`. */
  readonly language: string
  readonly text: string
  /** The line of the block's first fence, from 1. */
  readonly line: number
  /** The text of the heading above it. */
  readonly heading: string
  /** The last name in backticks of the paragraph above, which is how a page names a file; null without one. */
  readonly file: string | null
}

export interface Page {
  /** The page's path from the root of the repository. */
  readonly path: string
  readonly text: string
  readonly blocks: readonly CodeBlock[]
  /** The anchors that links can name. */
  readonly anchors: ReadonlySet<string>
  /** Targets of links, with the line of each. */
  readonly links: readonly { readonly target: string; readonly line: number }[]
}

/** Every page that a reader of the repository sees. */
export function readPages(): Page[] {
  const below = (folder: string) =>
    readdirSync(join(repository, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name))
  return ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md', ...below('docs'), ...below('routes')]
    .filter((path) => path.endsWith('.md'))
    .map(readPage)
}

export function readPage(path: string): Page {
  const text = readFileSync(join(repository, path), 'utf8')
  const blocks: CodeBlock[] = []
  const anchors = new Set<string>()
  const links: { target: string; line: number }[] = []
  let open: { language: string; line: number; fence: string; lines: string[] } | null = null
  let heading = ''
  let paragraph = ''
  for (const [index, line] of text.split('\n').entries()) {
    const fence = /^\s*(`{3,})(.*)$/.exec(line)
    if (open !== null) {
      if (fence?.[1] !== open.fence) {
        open.lines.push(line)
        continue
      }
      const file = [...paragraph.matchAll(/`([\w./-]+\.\w+)`/g)].at(-1)?.[1] ?? null
      blocks.push({ language: open.language, text: open.lines.join('\n'), line: open.line, heading, file })
      open = null
      paragraph = ''
    } else if (fence !== null) {
      open = { language: fence[2] ?? '', line: index + 1, fence: fence[1] ?? '', lines: [] }
    } else {
      if (line.startsWith('#')) {
        heading = line.replace(/^#+\s*/, '')
        anchors.add(anchorOf(heading, anchors))
        paragraph = ''
      } else if (line !== '') paragraph += `${line}\n`
      for (const [, target = ''] of line.matchAll(/\]\(([^)\s]+)\)/g)) links.push({ target, line: index + 1 })
    }
  }
  return { path, text, blocks, anchors, links }
}

/** The anchor of a heading as GitHub makes it. */
function anchorOf(heading: string, taken: ReadonlySet<string>): string {
  const base = heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')
  let anchor = base
  for (let number = 1; taken.has(anchor); number++) anchor = `${base}-${number}`
  return anchor
}
