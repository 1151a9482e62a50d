import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { createFault, type Fault, type Finding, sortFaults } from 'postern-documents/faults'
import { nearestName } from 'postern-documents/nearest-name'
import { readProblem } from 'postern-documents/yaml-source'
import { duplicateIds } from '../config/duplicate-ids.ts'
import { readApi } from '../config/read-api.ts'
import type { Log } from '../observability/contract.ts'
import type { DefinitionSource, Definitions } from './contract.ts'
import { watchFolder } from './watch-folder.ts'

/** More folders than this are a wrong folder. */
const maxApis = 1_000
const definitionFile = 'api.yaml'

export interface FolderOptions {
  readonly dir: string
  readonly log: Log
}

/** The `api.yaml` of every folder in `dir`, or `dir/api.yaml` when the folder is one API itself. */
export function createFolderSource({ dir, log }: FolderOptions): DefinitionSource {
  return {
    read: () => readFolder(dir),
    watch: (changed) => watchFolder({ dir, log, changed }),
  }
}

async function readFolder(dir: string): Promise<Definitions> {
  const { files, faults } = await findDefinitions(dir)
  const reads = await Promise.all(files.map(readApi))
  const apis = reads.map((read) => read.api).filter((api) => api !== null)
  const all = [...faults, ...reads.flatMap((read) => read.faults), ...duplicateIds(reads)]
  return { apis, faults: sortFaults(all) }
}

function initHint(dir: string): string {
  return `'postern init${dir === 'routes' ? '' : ` ${dir}`}' writes a first one`
}

interface DefinitionFiles {
  readonly files: readonly string[]
  readonly faults: readonly Fault[]
}

async function findDefinitions(dir: string): Promise<DefinitionFiles> {
  try {
    const names = (await readdir(dir)).sort()
    if (names.includes(definitionFile)) return { files: [join(dir, definitionFile)], faults: [] }
    const folders = names.filter((name) => !name.startsWith('.') && name !== 'node_modules')
    if (folders.length > maxApis) {
      return none(dir, { path: [], found: `${folders.length} entries`, allowed: `at most ${maxApis}` })
    }
    const found = await Promise.all(folders.map((name) => findDefinition(join(dir, name))))
    const files = found.flatMap((each) => each.files)
    const faults = found.flatMap((each) => each.faults)
    if (files.length > 0 || faults.length > 0) return { files, faults }
    const allowed = `${join(dir, '<name>', definitionFile)} for each API; ${initHint(dir)}`
    return none(dir, { path: [], problem: 'no API here', allowed })
  } catch (error) {
    const hint = (error as NodeJS.ErrnoException).code === 'ENOENT' ? `; ${initHint(dir)}` : ''
    return none(dir, { path: [], problem: `folder of the API definitions: ${readProblem(error)}${hint}` })
  }
}

async function findDefinition(folder: string): Promise<DefinitionFiles> {
  try {
    // Links are followed: a Kubernetes ConfigMap mounts its entries as links.
    if (!(await stat(folder)).isDirectory()) return { files: [], faults: [] }
    const names = await readdir(folder)
    if (names.includes(definitionFile)) return { files: [join(folder, definitionFile)], faults: [] }
    const near = names.find((name) => /^api.[a-z]+$/i.test(name) && nearestName(name, [definitionFile]) !== null)
    if (near === undefined) return { files: [], faults: [] }
    return none(join(folder, near), { path: [], problem: 'not read', allowed: definitionFile })
  } catch (error) {
    return none(folder, { path: [], problem: readProblem(error) })
  }
}

function none(file: string, finding: Finding): DefinitionFiles {
  return { files: [], faults: [createFault({ file }, finding)] }
}
