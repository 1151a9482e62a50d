import { existsSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, normalize } from 'node:path'
import { formatFault } from 'postern-documents/faults'
import { describe, expect, onTestFinished, test } from 'vitest'
import { checkDefinitions } from '../../src/app/check.ts'
import { run } from '../../src/cli/run.ts'
import { readSettings } from '../../src/config/read-settings.ts'
import { repository } from '../helpers/examples.ts'
import { type CodeBlock, type Page, readPages } from '../helpers/markdown.ts'

const pages = readPages()
const scripts = (JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as { scripts: object }).scripts

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

describe.each(pages.map((page) => [page.path, page] as const))('%s', (path, page) => {
  test('its links lead to files and headings that exist', () => {
    const broken = page.links.filter(({ target }) => !leadsSomewhere(page, target))
    expect(broken).toEqual([])
  })

  test('it says nothing of the machine that it was written on', () => {
    expect(page.text).not.toMatch(/\/(work|root|home|Users)\//)
  })

  for (const block of blocksOf(page, isDefinition)) {
    test(`the API definition of line ${block.line} has no fault`, async () => {
      const folder = await temporaryFolder()
      await mkdir(join(folder, 'api'))
      await writeFile(join(folder, 'api', 'api.yaml'), block.text)
      for (const [, file] of block.text.matchAll(/handler:\s*['"]?([\w./-]+?)\.[\w$]+['"]?\s*[,}\n]/g)) {
        await mkdir(dirname(join(folder, 'api', `${file}.mjs`)), { recursive: true })
        await writeFile(join(folder, 'api', `${file}.mjs`), '')
      }
      const { settings, locate } = await readSettings({ flags: { dir: folder }, env: {}, file: null })
      if (settings === null) throw new Error('no settings')
      expect((await checkDefinitions(settings, locate)).map(formatFault)).toEqual([])
    })
  }

  for (const block of blocksOf(page, isSettingsFile)) {
    test(`the settings of line ${block.line} have no fault`, async () => {
      const folder = await temporaryFolder()
      // Stands for every file that a reader has and we have not.
      await writeFile(join(folder, 'file'), 's3cr3t-s3cr3t-s3cr3t\n')
      const text = block.text.replace(/(TokensFile: )\S+|\/etc\/[\w./-]+/g, `$1${join(folder, 'file')}`)
      await writeFile(join(folder, 'postern.yaml'), text)
      const file = join(folder, 'postern.yaml')
      expect((await readSettings({ flags: {}, env: {}, file })).faults.map(formatFault)).toEqual([])
    })
  }

  const commands = blocksOf(page, ({ language }) => language === 'sh').flatMap(commandsOf)
  if (commands.length > 0) {
    test('its commands, options, scripts and files exist', async () => {
      const wrong: string[] = []
      for (const command of commands) if (!(await isKnown(command, path))) wrong.push(command)
      expect(wrong).toEqual([])
    })
  }
})

test('the index of docs names every page', () => {
  const index = pages.find(({ path }) => path === 'docs/README.md')
  const named = new Set(index?.links.map(({ target }) => join('docs', target)))
  const missing = pages.filter(({ path }) => path.startsWith('docs/') && path !== 'docs/README.md' && !named.has(path))
  expect(missing.map(({ path }) => path)).toEqual([])
})

test('the list of examples names every example, and each has a README', () => {
  const list = pages.find(({ path }) => path === 'routes/README.md')
  const readmes = pages.filter(({ path }) => /^routes\/[^/]+\/README\.md$/.test(path)).map(({ path }) => path)
  expect(list?.links.map(({ target }) => join('routes', target))).toEqual(expect.arrayContaining(readmes))
  expect(readmes.length).toBeGreaterThan(0)
})

function leadsSomewhere(page: Page, target: string): boolean {
  if (/^(https?|mailto):/.test(target)) return true
  const [file = '', anchor] = target.split('#')
  const path = file === '' ? page.path : normalize(join(dirname(page.path), file))
  if (!existsSync(join(repository, path))) return false
  if (anchor === undefined) return true
  return pages.find((each) => each.path === path)?.anchors.has(anchor) === true
}

function blocksOf(page: Page, wanted: (block: CodeBlock) => boolean): CodeBlock[] {
  return page.blocks.filter(wanted)
}

/** A whole definition; parts of one stand without these members. */
function isDefinition({ language, text }: CodeBlock): boolean {
  return language === 'yaml' && /^protocolType:/m.test(text) && /^stages:/m.test(text)
}

function isSettingsFile({ language, text }: CodeBlock): boolean {
  return language === 'yaml' && /^# postern\.yaml|settings\.schema\.json/m.test(text)
}

/** The commands of a block, continued lines joined, without what a shell does around them. */
function commandsOf({ text }: CodeBlock): string[] {
  return text
    .replaceAll('\\\n', ' ')
    .split('\n')
    .flatMap((line) => line.split(/ && | \| /))
    .map((command) =>
      command
        .replace(/^\$ /, '')
        .replace(/^(?:[A-Z_]+=\S+ )+/, '')
        .trim(),
    )
    .filter((command) => /^(npx|npm|node|postern) /.test(command))
}

async function isKnown(command: string, page: string): Promise<boolean> {
  const [program, ...words] = command.replace(/\s#.*$/, '').split(/\s+/)
  if (program === 'npm') return isNpmCommand(words)
  if (program === 'node') {
    const [file = ''] = words
    if (file === 'dist/cli/main.js') return isPosternCommand(words.slice(1))
    return existsSync(join(repository, file)) || pages.some((each) => each.path === page && namesFile(each, file))
  }
  if (program === 'npx' && words[0] !== 'postern') return ['wscat'].includes(words[0] ?? '')
  return isPosternCommand(program === 'npx' ? words.slice(1) : words)
}

/** A file that the page tells its reader to write. */
function namesFile(page: Page, file: string): boolean {
  return page.blocks.some((block) => block.file === file)
}

function isNpmCommand([name = '', script = '']: string[]): boolean {
  if (['ci', 'install'].includes(name)) return true
  return Object.hasOwn(scripts, name === 'run' ? script : name)
}

/** Every option has to be in the help of its command. */
async function isPosternCommand(words: string[]): Promise<boolean> {
  const hasSubcommand =
    ['connections', 'revocations'].includes(words[0] ?? '') ||
    ['load compare', 'usage quotas', 'usage grant'].includes(words.slice(0, 2).join(' '))
  const names = words.slice(0, hasSubcommand ? 2 : 1).filter((word) => !word.startsWith('-'))
  const { code, help } = await helpOf(names)
  const options = words.filter((word) => /^--?[a-zA-Z]/.test(word)).map((word) => word.split('=')[0])
  return code === 0 && options.every((option) => help.includes(`${option} `) || help.includes(`${option},`))
}

async function helpOf(names: string[]): Promise<{ code: number; help: string }> {
  let help = ''
  const output = { write: (text: string) => (help += text) }
  const io = {
    stdout: output,
    stderr: output,
    logs: 1,
    interactive: false,
    readLines: () => {
      throw new Error('nothing is read for --help')
    },
    env: {},
    onSignal() {},
    exit() {},
  }
  return { code: await run([...names, '--help'], io), help }
}
