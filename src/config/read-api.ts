import { readdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import {
  createFault,
  describeFound,
  type Fault,
  type FaultPath,
  type Finding,
  sortFaults,
} from 'postern-documents/faults'
import { parseWith, valueAt } from 'postern-documents/issues'
import { nearestName } from 'postern-documents/nearest-name'
import { readProblem, readYamlFile, type YamlSource } from 'postern-documents/yaml-source'
import { type ApiDefinition, apiDefinitionSchema } from './api-definition.ts'
import { checkReferences } from './api-references.ts'
import { isGenuine, salvage } from './salvage.ts'

/** An `api.yaml` that could be read as YAML. */
export interface ApiSource {
  /** The file as it is shown to people, `routes/chat/api.yaml`. */
  readonly file: string
  /** The folder that handler files are found from; absolute. */
  readonly directory: string
  /** The faults of this file that are known without compiling anything. */
  readonly faults: readonly Fault[]
  /**
   * The definition. With faults this is what is left of it: to be checked for more of them, never to be served. Null
   * when nothing is left.
   */
  readonly definition: ApiDefinition | null
  /**
   * Puts a fault that another room found in `definition` in its place in the file. Null when it is an echo of a
   * fault that is known already.
   */
  locate(finding: { readonly path: FaultPath; readonly message: string; readonly atKey?: boolean }): Fault | null
}

export interface DefinitionsRead {
  readonly apis: readonly ApiSource[]
  /** Every fault of every file, those of `apis` included, in the order of files and lines. */
  readonly faults: readonly Fault[]
}

/** Folders of APIs that are read; more of them are a wrong folder. */
const maxApis = 1_000
const definitionFile = 'api.yaml'

/** Reads the `api.yaml` of every folder in `dir`, or `dir/api.yaml` when the folder is one API itself. Never rejects. */
export async function readDefinitions(dir: string): Promise<DefinitionsRead> {
  const { files, faults } = await findDefinitions(dir)
  const reads = await Promise.all(files.map(readApi))
  const apis = reads.map((read) => read.api).filter((api) => api !== null)
  const all = [...faults, ...reads.flatMap((read) => read.faults), ...duplicateIds(reads)]
  return { apis, faults: sortFaults(all) }
}

interface ApiRead {
  readonly api: ApiSource | null
  readonly source: YamlSource | null
  readonly faults: readonly Fault[]
}

async function readApi(file: string): Promise<ApiRead> {
  const { source, faults: syntaxFaults } = await readYamlFile(file)
  if (source === null) return { api: null, source, faults: syntaxFaults }
  const parsed = parseWith(apiDefinitionSchema, source.value)
  const findings = withoutRepeats([...parsed.findings, ...checkReferences(source.value)])
  const faults = sortFaults([...syntaxFaults, ...findings.map((finding) => source.locate(finding))])
  const api: ApiSource = {
    file,
    directory: resolve(file, '..'),
    faults,
    definition: faults.length === 0 ? parsed.data : salvage(source.value, findings),
    locate: ({ path, message, atKey }) =>
      findings.length > 0 && !isGenuine(source.value, findings, path)
        ? null
        : source.locate({ path, problem: message, atKey }),
  }
  return { api, source, faults }
}

/** Findings without repeats: a reference inside of something that is no valid value at all needs no second fault. */
function withoutRepeats(findings: readonly Finding[]): Finding[] {
  const seen = new Set<string>()
  return findings.filter(({ path, atKey }) => {
    const place = JSON.stringify([path, atKey === true])
    return !seen.has(place) && seen.add(place)
  })
}

function duplicateIds(reads: readonly ApiRead[]): Fault[] {
  const first = new Map<string, Fault>()
  const faults: Fault[] = []
  for (const { source } of reads) {
    const apiId = source === null ? undefined : valueAt(source.value, ['apiId'])
    if (source === null || typeof apiId !== 'string') continue
    const earlier = first.get(apiId)
    const found = describeFound(apiId, ['apiId'])
    if (earlier === undefined) first.set(apiId, source.locate({ path: ['apiId'], found }))
    else {
      const allowed = `an apiId of its own; ${earlier.file}:${earlier.line} has this one`
      faults.push(source.locate({ path: ['apiId'], found, allowed }))
    }
  }
  return faults
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
    return none(dir, { path: [], problem: `no API here; allowed: ${join(dir, '<name>', definitionFile)} for each API` })
  } catch (error) {
    return none(dir, { path: [], problem: `folder of the API definitions: ${readProblem(error)}` })
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
