/** The warning under what is said of all workers while some may be missing that nobody can name yet. */
export function fleetComingBack(missing: 'connections' | 'workers and connections'): string {
  return `postern: Redis has lost its data, and workers are still coming back: ${missing} may be missing here; try again soon\n`
}
