import { readFile } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import { createFault, type Fault, type Finding, sortFaults } from 'postern-documents/faults'
import { parseWith } from 'postern-documents/issues'
import { readProblem, readYamlFile } from 'postern-documents/yaml-source'
import { checkScenario } from './check-scenario.ts'
import { readDataFile } from './data-file.ts'
import { type ScenarioDefinition, scenarioSchema } from './definition.ts'
import { type Override, withOverrides } from './override.ts'
import { parseThreshold, type Threshold } from './threshold.ts'
import { clientsOf, type TimedPhase, timelineOf } from './timeline.ts'

/** A scenario without faults, with all that it needs from elsewhere. */
export interface Scenario {
  readonly file: string
  readonly name: string
  readonly definition: ScenarioDefinition
  /** The scenario as the file, and what overrides it, have it. */
  readonly source: unknown
  readonly timeline: readonly TimedPhase[]
  /** Number of clients. */
  readonly clients: number
  readonly thresholds: readonly Threshold[]
  readonly data: readonly Readonly<Record<string, string>>[]
  /** Environment variables that templates name. */
  readonly env: Readonly<Record<string, string>>
  /** The text of the certificates that are trusted too. */
  readonly ca: string | null
}

export interface ScenarioRead {
  /** The scenario; null when there are faults. */
  readonly scenario: Scenario | null
  readonly faults: readonly Fault[]
}

export interface ScenarioSources {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Takes the place of the scenario's own targets. */
  readonly targets?: readonly string[]
  readonly overrides?: readonly Override[]
}

/** Reads a scenario; every fault at once, with its place. Never rejects. */
export async function readScenario(
  file: string,
  { env, targets, overrides = [] }: ScenarioSources,
): Promise<ScenarioRead> {
  const { source, faults } = await readYamlFile(file)
  if (source === null) return { scenario: null, faults }
  const locate = (finding: Finding) => locateIn(overrides, finding) ?? source.locate(finding)
  const given = withOverrides(source.value, overrides)
  if (given.findings.length > 0) return { scenario: null, faults: [...faults, ...given.findings.map(locate)] }
  const parsed = parseWith(scenarioSchema, withTargets(given.value, targets))
  if (parsed.data === null) {
    return { scenario: null, faults: sortFaults([...faults, ...parsed.findings.map(locate)]) }
  }
  const definition = parsed.data
  const files = await readFiles(file, definition)
  const checked = checkScenario(definition, { columns: files.columns, env })
  const findings = [...files.findings, ...checked.findings]
  const all = sortFaults([...faults, ...files.faults, ...findings.map(locate)])
  if (all.length > 0) return { scenario: null, faults: all }
  const timeline = timelineOf(definition.phases)
  const scenario = {
    file,
    name: definition.name ?? basename(file, extname(file)),
    definition,
    source: given.value,
    timeline,
    clients: clientsOf(timeline),
    thresholds: definition.thresholds.map((text) => parseThreshold(text) as Threshold),
    data: files.rows,
    env: Object.fromEntries(checked.env.map((name) => [name, env[name] ?? ''])),
    ca: files.ca,
  }
  return { scenario, faults: [] }
}

/** Places a finding where the command line last said something about it; null when it said nothing. */
function locateIn(overrides: readonly Override[], finding: Finding): Fault | null {
  const said = overrides.findLast(
    ({ path }) =>
      path.every((step, i) => i >= finding.path.length || finding.path[i] === step) && finding.path.length > 0,
  )
  return said === undefined ? null : createFault({ file: `--set ${said.text}` }, finding)
}

function withTargets(value: unknown, targets: readonly string[] | undefined): unknown {
  if (targets === undefined || targets.length === 0 || typeof value !== 'object' || Array.isArray(value)) return value
  return { ...value, target: targets }
}

interface Files {
  readonly rows: readonly Readonly<Record<string, string>>[]
  /** Columns of the data file; null without one, or with one that cannot be read. */
  readonly columns: readonly string[] | null
  readonly ca: string | null
  readonly findings: readonly Finding[]
  readonly faults: readonly Fault[]
}

/** Files are named relative to the scenario. */
async function readFiles(file: string, { data, connection }: ScenarioDefinition): Promise<Files> {
  const findings: Finding[] = []
  const faults: Fault[] = []
  let ca: string | null = null
  let rows: Files['rows'] = []
  let columns: Files['columns'] = null
  const read = async (name: string, path: readonly string[]) => {
    try {
      return await readFile(join(dirname(file), name), 'utf8')
    } catch (error) {
      findings.push({ path, problem: `${name}: ${readProblem(error)}` })
      return null
    }
  }
  if (connection.tls.ca !== undefined) ca = await read(connection.tls.ca, ['connection', 'tls', 'ca'])
  const text = data === undefined ? null : await read(data, ['data'])
  if (text !== null && data !== undefined) {
    const table = readDataFile(data, text)
    if ('problem' in table) {
      const place = { file: join(dirname(file), data), line: table.line, column: 1 }
      faults.push(createFault(place, { path: [], problem: table.problem }))
    } else {
      rows = table.rows
      columns = table.columns
    }
  }
  return { rows, columns, ca, findings, faults }
}
