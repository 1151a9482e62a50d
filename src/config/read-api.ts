import { dirname, resolve } from 'node:path'
import { type Fault, type FaultPath, type Finding, sortFaults } from 'postern-documents/faults'
import { valueAt } from 'postern-documents/issues'
import { readYamlFile, type YamlSource } from 'postern-documents/yaml-source'
import { type AnyDefinition, checkDefinition, parseDefinition } from './any-definition.ts'
import { readPolicyFile } from './policy-file.ts'
import { isGenuine, salvage } from './salvage.ts'

/** A definition that could be read as YAML, with or without faults. */
export interface ParsedDefinition {
  /** The file as it is shown to people, `routes/chat/api.yaml`. */
  readonly file: string
  /** The folder that handler files are found from; absolute. */
  readonly directory: string
  /** The faults of this file that are known without compiling anything. */
  readonly faults: readonly Fault[]
  /** The warnings of this file. */
  readonly warnings: readonly Fault[]
  /**
   * The definition. With faults this is what is left of it: to be checked for more of them, never to be served. Null
   * when nothing is left.
   */
  readonly definition: AnyDefinition | null
  /**
   * Puts a fault that another room found in `definition` in its place in the file. Null when it is an echo of a
   * fault that is known already.
   */
  locate(finding: { readonly path: FaultPath; readonly message: string; readonly atKey?: boolean }): Fault | null
}

/** An `api.yaml` after reading: its definition, or its faults. */
export interface ApiRead {
  /** The definition; null when the file is no YAML. */
  readonly api: ParsedDefinition | null
  /** The file with the places of its values; null when it is no YAML. */
  readonly source: YamlSource | null
  /** Every fault of the file, those of `api` included. */
  readonly faults: readonly Fault[]
}

/** Reads one `api.yaml`. Never rejects: what can't be read is a fault. */
export async function readApi(file: string): Promise<ApiRead> {
  const { source, faults: syntaxFaults } = await readYamlFile(file)
  if (source === null) return { api: null, source, faults: syntaxFaults }
  const { value, parsed, findings: ofPolicy } = await parse(source.value, dirname(file))
  const found = withoutRepeats([...ofPolicy, ...parsed.findings, ...checkDefinition(value)])
  const findings = found.filter(({ isWarning }) => isWarning !== true)
  const warnings = found.filter(({ isWarning }) => isWarning === true)
  const faults = sortFaults([...syntaxFaults, ...findings.map((finding) => source.locate(finding))])
  const api: ParsedDefinition = {
    file,
    directory: resolve(file, '..'),
    faults,
    warnings: sortFaults(warnings.map((finding) => source.locate(finding))),
    definition: faults.length === 0 ? parsed.data : salvage(value, findings),
    locate: ({ path, message, atKey }) =>
      findings.length > 0 && !isGenuine(value, findings, path)
        ? null
        : source.locate({ path, problem: message, atKey }),
  }
  return { api, source, faults }
}

/** Parses a definition, with the document of its policy in place of the file's name: a change of it is one of the definition. */
async function parse(value: unknown, directory: string) {
  const parsed = parseDefinition(value)
  const file = valueAt(value, ['policy'])
  // The schema lets no path pass that leads elsewhere.
  if (typeof file !== 'string' || parsed.findings.some(({ path }) => path[0] === 'policy')) {
    return { value, parsed, findings: [] }
  }
  const read = await readPolicyFile(file, directory)
  if (read.findings !== null) return { value, parsed, findings: read.findings }
  const whole = { ...(value as object), policy: read.document }
  return { value: whole, parsed: parseDefinition(whole), findings: [] }
}

/** Findings without repeats: a reference inside of something that is no valid value at all needs no second fault. */
function withoutRepeats(findings: readonly Finding[]): Finding[] {
  const seen = new Set<string>()
  return findings.filter(({ path, atKey, isWarning, problem }) => {
    const place = JSON.stringify([path, atKey === true, isWarning === true && problem])
    return !seen.has(place) && seen.add(place)
  })
}
