import type { ScenarioDefinition } from './definition.ts'

/** The group of a client; 0 without groups. */
export function groupOf({ groups }: Pick<ScenarioDefinition, 'groups'>, index: number): number {
  if (groups === undefined) return 0
  return 'size' in groups ? Math.floor(index / groups.size) : index % groups.count
}
