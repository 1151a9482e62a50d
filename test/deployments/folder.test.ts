import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { formatFault } from 'postern-documents/faults'
import { afterAll, describe, expect, test } from 'vitest'
import { createFolderSource } from '../../src/deployments/folder.ts'
import { recordLog } from '../helpers/record-log.ts'

const root = mkdtempSync(join(tmpdir(), 'postern-definitions-'))
afterAll(() => rmSync(root, { recursive: true }))
let folders = 0

function folder(files: Record<string, string>): string {
  const dir = join(root, String(++folders))
  mkdirSync(dir)
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true })
    writeFileSync(join(dir, path), text)
  }
  return dir
}

const readFolder = (dir: string) => createFolderSource({ dir, log: recordLog() }).read()

async function faultsOf(dir: string): Promise<string[]> {
  const { faults } = await readFolder(dir)
  return faults.map((fault) => formatFault(fault).replaceAll(dir, 'apis'))
}

const api = (apiId: string, rest = 'routes: {}') =>
  `apiId: ${apiId}\nprotocolType: WEBSOCKET\nrouteSelectionExpression: $request.body.action\nstages: { dev: {} }\n${rest}\n`

describe('a folder', () => {
  test('holds an API in each folder that has an api.yaml', async () => {
    const dir = folder({
      'b/api.yaml': api('b'),
      'a/api.yaml': api('a'),
      'a/handlers.mjs': '',
      'docs/x.md': '',
      'y.md': '',
    })
    const { apis, faults } = await readFolder(dir)
    expect(faults).toEqual([])
    expect(apis.map((each) => each.definition?.apiId)).toEqual(['a', 'b'])
  })

  test('may be one API itself', async () => {
    const dir = folder({ 'api.yaml': api('alone') })
    const { apis } = await readFolder(dir)
    expect(apis.map((each) => each.definition?.apiId)).toEqual(['alone'])
  })

  test('is followed through links, past hidden folders, as a Kubernetes ConfigMap is mounted', async () => {
    const dir = folder({ '..2026/chat/api.yaml': api('chat') })
    symlinkSync(join(dir, '..2026/chat'), join(dir, 'chat'))
    const { apis, faults } = await readFolder(dir)
    expect(faults).toEqual([])
    expect(apis.map((each) => each.definition?.apiId)).toEqual(['chat'])
  })

  test('that does not exist is a fault', async () => {
    expect(await faultsOf(join(root, 'nowhere'))).toEqual([
      'apis: folder of the API definitions: no such file or folder',
    ])
  })

  test('that is a file is a fault', async () => {
    const dir = folder({ file: '' })
    expect(await faultsOf(join(dir, 'file'))).toEqual(['apis: folder of the API definitions: not a folder'])
  })

  test('without any API is a fault', async () => {
    expect(await faultsOf(folder({ 'README.md': '' }))).toEqual([
      'apis: no API here; allowed: apis/<name>/api.yaml for each API',
    ])
  })

  test('with a definition by almost the right name says so', async () => {
    expect(await faultsOf(folder({ 'chat/api.yml': api('chat') }))).toEqual([
      'apis/chat/api.yml: not read; allowed: api.yaml',
    ])
  })

  test('with two APIs of one id says where the first one is', async () => {
    expect(await faultsOf(folder({ 'a/api.yaml': api('chat'), 'b/api.yaml': `# b\n${api('chat')}` }))).toEqual([
      'apis/b/api.yaml:2:8: apiId: found "chat"; allowed: an apiId of its own; apis/a/api.yaml:1 has this one',
    ])
  })

  test('reports the faults of all its files, in their order', async () => {
    const dir = folder({ 'b/api.yaml': api('B'), 'a/api.yaml': api('a', 'routes: 1'), 'c/api.yaml': '[' })
    expect((await faultsOf(dir)).map((line) => line.split(' ')[0])).toEqual([
      'apis/a/api.yaml:5:9:',
      'apis/b/api.yaml:1:8:',
      'apis/c/api.yaml:1:2:',
    ])
  })

  test('with a definition that is a folder says so', async () => {
    expect(await faultsOf(folder({ 'chat/api.yaml/x': '' }))).toEqual(['apis/chat/api.yaml: a folder, not a file'])
  })

  test('with a file that cannot be read says why', async () => {
    const dir = folder({ 'chat/handlers.mjs': '' })
    symlinkSync(join(dir, 'chat/api.yaml'), join(dir, 'chat/api.yaml'))
    expect(await faultsOf(dir)).toEqual(['apis/chat/api.yaml: cannot be read (ELOOP)'])
  })
})
