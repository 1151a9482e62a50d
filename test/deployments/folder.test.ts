import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { formatFault } from 'postern-documents/faults'
import { describe, expect, test } from 'vitest'
import { createFolderSource } from '../../src/deployments/folder.ts'
import { apiYaml, definitionFolder } from '../helpers/definition-folder.ts'
import { recordLog } from '../helpers/record-log.ts'

const readFolder = (dir: string) => createFolderSource({ dir, log: recordLog() }).read()

async function faultsOf(dir: string): Promise<string[]> {
  const { faults } = await readFolder(dir)
  return faults.map((fault) => formatFault(fault).replaceAll(dir, 'apis'))
}

describe('a folder', () => {
  test('holds an API in each folder that has an api.yaml', async () => {
    const dir = definitionFolder({
      'b/api.yaml': apiYaml('b'),
      'a/api.yaml': apiYaml('a'),
      'a/handlers.mjs': '',
      'docs/x.md': '',
      'y.md': '',
    })
    const { apis, faults } = await readFolder(dir)
    expect(faults).toEqual([])
    expect(apis.map((each) => each.definition?.apiId)).toEqual(['a', 'b'])
  })

  test('may be one API itself', async () => {
    const dir = definitionFolder({ 'api.yaml': apiYaml('alone') })
    const { apis } = await readFolder(dir)
    expect(apis.map((each) => each.definition?.apiId)).toEqual(['alone'])
  })

  test('is followed through links, past hidden folders, as a Kubernetes ConfigMap is mounted', async () => {
    const dir = definitionFolder({ '..2026/chat/api.yaml': apiYaml('chat') })
    symlinkSync(join(dir, '..2026/chat'), join(dir, 'chat'))
    const { apis, faults } = await readFolder(dir)
    expect(faults).toEqual([])
    expect(apis.map((each) => each.definition?.apiId)).toEqual(['chat'])
  })

  test('that does not exist is a fault', async () => {
    expect(await faultsOf(join(definitionFolder({}), 'nowhere'))).toEqual([
      "apis: folder of the API definitions: no such file or folder; 'postern init apis' writes a first one",
    ])
  })

  test('that is a file is a fault', async () => {
    const dir = definitionFolder({ file: '' })
    expect(await faultsOf(join(dir, 'file'))).toEqual(['apis: folder of the API definitions: not a folder'])
  })

  test('without any API is a fault', async () => {
    expect(await faultsOf(definitionFolder({ 'README.md': '' }))).toEqual([
      "apis: no API here; allowed: apis/<name>/api.yaml for each API; 'postern init apis' writes a first one",
    ])
  })

  test('with a definition by almost the right name says so', async () => {
    expect(await faultsOf(definitionFolder({ 'chat/api.yml': apiYaml('chat') }))).toEqual([
      'apis/chat/api.yml: not read; allowed: api.yaml',
    ])
  })

  test('with two APIs of one id says where the first one is', async () => {
    expect(
      await faultsOf(definitionFolder({ 'a/api.yaml': apiYaml('chat'), 'b/api.yaml': `# b\n${apiYaml('chat')}` })),
    ).toEqual([
      'apis/b/api.yaml:2:8: apiId: found "chat"; allowed: an apiId of its own; apis/a/api.yaml:1 has this one',
    ])
  })

  test('reports the faults of all its files, in their order', async () => {
    const dir = definitionFolder({
      'b/api.yaml': apiYaml('B'),
      'a/api.yaml': apiYaml('a', 'routes: 1'),
      'c/api.yaml': '[',
    })
    expect((await faultsOf(dir)).map((line) => line.split(' ')[0])).toEqual([
      'apis/a/api.yaml:5:9:',
      'apis/b/api.yaml:1:8:',
      'apis/c/api.yaml:1:2:',
    ])
  })

  test('with a definition that is a folder says so', async () => {
    expect(await faultsOf(definitionFolder({ 'chat/api.yaml/x': '' }))).toEqual([
      'apis/chat/api.yaml: a folder, not a file',
    ])
  })

  test('with a file that cannot be read says why', async () => {
    const dir = definitionFolder({ 'chat/handlers.mjs': '' })
    symlinkSync(join(dir, 'chat/api.yaml'), join(dir, 'chat/api.yaml'))
    expect(await faultsOf(dir)).toEqual(['apis/chat/api.yaml: cannot be read (ELOOP)'])
  })
})
