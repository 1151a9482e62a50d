import type { LoadResult } from '../contract.ts'
import { bytesText, counted, countText, durationText, listText } from './figures.ts'

/** Members of a scenario that change nothing of the load. */
const harmless: ReadonlySet<string> = new Set(['name', 'description', 'thresholds', 'target', 'watch'])
/** Durations and connections that differ by less are the same. */
const tolerance = 0.05

/** Lists what speaks against comparing runs, and what else differs between them, a sentence each. */
export function comparability(
  baseline: readonly [LoadResult, ...LoadResult[]],
  candidate: readonly LoadResult[],
): { readonly warnings: readonly string[]; readonly notes: readonly string[] } {
  const [first, ...others] = [...baseline, ...candidate] as [LoadResult, ...LoadResult[]]
  const each = (of: (run: LoadResult, first: LoadResult) => readonly string[]) =>
    others.flatMap((run) => of(run, first))
  const warnings = [
    ...sideWarnings(baseline, 'the baseline'),
    ...sideWarnings(candidate, 'the candidate'),
    ...each(differences),
  ]
  return { warnings: [...new Set(warnings)], notes: [...new Set(each(remarks))] }
}

/** Lists what spoils the runs of one side by themselves. */
function sideWarnings(runs: readonly LoadResult[], side: string): string[] {
  return runs.flatMap(({ client, run }, index) => {
    const which = runs.length === 1 ? side : `run ${index + 1} of ${side}`
    return [
      ...(client.wasBottleneck ? [`In ${which} the client was the bottleneck: its figures are not the target's.`] : []),
      ...(run.ended === 'done'
        ? []
        : [`${capital(which)} ended early (${run.ended === 'limit' ? 'a limit was reached' : 'interrupted'}).`]),
    ]
  })
}

function differences(run: LoadResult, first: LoadResult): string[] {
  const [a, b] = [first.run, run.run]
  const members = differingMembers(a.definition, b.definition)
  const machines = [a, b].map(
    ({ machine }) => `${machine.cpu}, ${machine.cores} cores, ${bytesText(machine.memoryBytes)}, ${machine.system}`,
  )
  const times = [measured(first), measured(run)] as const
  const peaks = [first.totals.connections.peak, run.totals.connections.peak] as const
  return [
    ...(members === null ? ['The scenarios are too deep to be compared.'] : []),
    ...(members !== null && members.length > 0 ? [`The scenarios differ: ${members.join(', ')}.`] : []),
    ...(machines[0] === machines[1] ? [] : [`The machines differ: ${machines.join(' and ')}.`]),
    ...(isFar(...times)
      ? [`What was measured differs: ${times.map((each) => durationText(each * 1000)).join(' and ')}.`]
      : []),
    ...(isFar(...peaks) ? [`The connections differ: ${peaks.map(countText).join(' and ')}.`] : []),
    ...(a.options.workers === b.options.workers
      ? []
      : [`The client differs: ${counted(a.options.workers, 'worker')} and ${b.options.workers}.`]),
  ]
}

function remarks({ run }: LoadResult, { run: first }: LoadResult): string[] {
  return [
    ...(first.versions.postern === run.versions.postern
      ? []
      : [`The clients were postern ${first.versions.postern} and ${run.versions.postern}.`]),
    ...(first.versions.node === run.versions.node
      ? []
      : [`The clients ran on Node.js ${first.versions.node} and ${run.versions.node}.`]),
    ...(first.targets.join() === run.targets.join()
      ? []
      : [`The targets differ: ${listText(first.targets)} and ${listText(run.targets)}.`]),
  ]
}

/** The names of the members that make another load; null when that can't be said. */
function differingMembers(a: unknown, b: unknown): string[] | null {
  try {
    const [left, right] = [membersOf(a), membersOf(b)]
    return [...new Set([...left.keys(), ...right.keys()])].filter(
      (name) => !harmless.has(name) && left.get(name) !== right.get(name),
    )
  } catch {
    return null
  }
}

function membersOf(definition: unknown): Map<string, string> {
  if (typeof definition !== 'object' || definition === null)
    return new Map([['definition', JSON.stringify(definition)]])
  return new Map(Object.entries(definition).map(([name, value]) => [name, JSON.stringify(sorted(value))]))
}

/** The order of members in YAML means nothing. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, each]) => [name, sorted(each)])
}

function measured({ seconds, phases }: LoadResult): number {
  return seconds.filter(({ phase }) => phases[phase]?.measured === true).length
}

function isFar(a: number, b: number): boolean {
  return Math.abs(a - b) > tolerance * Math.max(a, b)
}

function capital(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`
}
