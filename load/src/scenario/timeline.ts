import type { PhaseResult } from '../contract.ts'
import type { PhaseDefinition } from './definition.ts'

/** A phase with its place in time. */
export interface TimedPhase {
  readonly name: string
  readonly kind: PhaseResult['kind']
  /** Milliseconds after the start of the run. */
  readonly start: number
  readonly end: number
  /** Connections wanted at its start and its end; a spike has its own number in between. */
  readonly from: number
  readonly to: number
  readonly peak: number
  readonly traffic: boolean
  readonly measured: boolean
}

export function timelineOf(phases: readonly PhaseDefinition[]): TimedPhase[] {
  const timed: TimedPhase[] = []
  let at = 0
  let connections = 0
  for (const [index, phase] of phases.entries()) {
    const from = connections
    const to = phase.phase === 'ramp' ? phase.connections : phase.phase === 'drain' ? 0 : from
    const peak = phase.phase === 'spike' ? phase.connections : Math.max(from, to)
    const end = at + durationOf(phase, Math.abs(to - from))
    timed.push({
      name: phase.name ?? `${phase.phase} ${index + 1}`,
      kind: phase.phase,
      start: at,
      end,
      from,
      to,
      peak,
      traffic: phase.phase !== 'drain' && phase.traffic,
      measured: phase.measured,
    })
    at = end
    connections = to
  }
  return timed
}

function durationOf(phase: PhaseDefinition, change: number): number {
  if (phase.phase !== 'ramp') return phase.duration
  return phase.duration ?? (change / (phase.rate ?? Number.POSITIVE_INFINITY)) * 1000
}

/** Clients that the run needs: the most that any phase wants. */
export function clientsOf(timeline: readonly TimedPhase[]): number {
  return timeline.reduce((most, { peak }) => Math.max(most, peak), 0)
}
