import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { formatFault } from 'postern-documents/faults'
import { expect } from 'vitest'
import { parse } from 'yaml'
import type { LoadResult, SecondResult } from '../../load/src/contract.ts'
import { type LoadRun, startLoad } from '../../load/src/run/run-load.ts'
import { type Override, parseOverride } from '../../load/src/scenario/override.ts'
import { readScenario } from '../../load/src/scenario/read-scenario.ts'
import { repository } from '../helpers/examples.ts'

/** The files of load/, by the name of the scenario. */
export const shipped: ReadonlyMap<string, string> = new Map(
  readdirSync(join(repository, 'load'))
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => [basename(name, '.yaml'), join(repository, 'load', name)]),
)

export function sourceOf(name: string): string {
  return readFileSync(shipped.get(name) as string, 'utf8')
}

interface Source {
  readonly phases: readonly { readonly phase: string; readonly connections?: number; readonly rate?: number }[]
  readonly thresholds: readonly string[]
  readonly pushes?: { readonly group?: string }
  readonly messages?: readonly { readonly fanOut?: boolean }[]
}

/** Of a scenario in its small form, unless it has fewer. */
export const clients = 24
const lengths: Readonly<Record<string, string>> = { ramp: '600ms', hold: '2s', spike: '2s', drain: '300ms' }
/** What depends on how busy this machine is; what is lost or out of order does not. */
const timing = /\.(p\d|mean|max|min)|rate|unsent|memory/

/** What makes two seconds of a scenario show what it shows in full. */
const own: Readonly<Record<string, readonly string[]>> = {
  'chat-room': ['messages.1.every=300ms'],
  'chat-room-groups': ['messages.1.every=300ms'],
  'slow-consumers': [
    'phases.0.connections=4',
    'connection.slow.share=0.5',
    'pushes.body={{stamp}}{{pad(120000)}}',
    'pushes.rate=400',
    // What a slow client is sent has to fill the buffers of the kernel, however long that takes.
    'limits.messages=360',
  ],
  'reconnect-storm': ['messages.0.every=200ms'],
  'rolling-deploy': ['messages.0.every=200ms'],
  soak: ['connection.lifetime={ exponential: 700ms }', 'messages.0.every=200ms', 'messages.1.every=400ms'],
}

/**
 * Plays a scenario in its small form. One in which something is to be received holds its connections until that was so:
 * how long the first messages take is a matter of the machine.
 */
export async function playSmall(name: string, targets: readonly string[], set: readonly string[]): Promise<LoadResult> {
  const waits = awaited(name)
  let pushes = 0
  let fanOut = 0
  let held = 0
  const run = await begin(name, targets, [...set, ...small(name)], (second) => {
    if (second.phase === 1) held++
    pushes += second.pushes.received
    fanOut += second.fanOut.received
    const hasCome = (pushes > 0 || !waits.pushes) && (fanOut > 0 || !waits.fanOut)
    if ((waits.pushes || waits.fanOut) && name !== 'slow-consumers' && held >= 2 && hasCome) run.stop()
  })
  return run.result
}

function awaited(name: string): { pushes: boolean; fanOut: boolean } {
  const { pushes, messages } = parse(sourceOf(name)) as Source
  const toGroups = pushes?.group !== undefined
  return {
    pushes: pushes !== undefined && !toGroups,
    fanOut: toGroups || (messages?.some((each) => each.fanOut === true) ?? false),
  }
}

/** `--set`s that make a scenario small: few connections, a few seconds, and no thresholds of latency. */
export function small(name: string): string[] {
  const { phases, thresholds } = parse(sourceOf(name)) as Source
  const { pushes, fanOut } = awaited(name)
  const short = phases.map(({ rate: _, ...phase }) => ({
    ...phase,
    ...(phase.connections === undefined ? {} : { connections: Math.min(phase.connections, clients) }),
    duration: phase.phase === 'hold' && (pushes || fanOut) ? '1m' : lengths[phase.phase],
  }))
  return [
    `phases=${JSON.stringify(short)}`,
    `thresholds=${JSON.stringify(thresholds.filter((each) => !timing.test(each)))}`,
    'settle=20s',
    ...(own[name] ?? []),
  ]
}

export async function begin(
  name: string,
  targets: readonly string[],
  set: readonly string[],
  onSecond: (second: SecondResult) => void = () => {},
): Promise<LoadRun> {
  const overrides = set.map((text) => parseOverride(text) as Override)
  const { scenario, faults } = await readScenario(shipped.get(name) as string, { env: {}, targets, overrides })
  if (scenario === null) throw new Error(faults.map(formatFault).join('\n'))
  return startLoad(scenario, { workers: 1, ownsTarget: false, version: 'test', onSecond })
}

/** Every threshold holds, and what was counted adds up. */
export function expectGood(result: LoadResult): void {
  const { thresholds, totals, delivery, closes, errors, errorSamples, statuses } = result
  const failed = thresholds.filter(({ passed }) => !passed)
  expect(failed, JSON.stringify({ errors, errorSamples, closes, statuses })).toEqual([])
  expect(totals.connections.attempted).toBe(totals.connections.opened + totals.connections.failed)
  expect(totals.connections.opened).toBeGreaterThan(0)
  expect(sum(closes)).toBe(totals.connections.opened)
  expect(sum(statuses.handshakes)).toBeLessThanOrEqual(totals.connections.attempted)
  for (const account of [delivery.pushes, delivery.fanOut]) {
    if (account === null) continue
    expect(account.expected).toBe(account.received + account.lost + account.cutOff)
    expect(account.received).toBeGreaterThan(0)
    expect(account).toMatchObject({ lost: 0, duplicated: 0, outOfOrder: 0 })
  }
  if (delivery.pushes !== null) {
    // Of those whose client was gone when the answer came nothing is expected.
    const gone = totals.pushes.accepted - delivery.pushes.expected
    expect(gone).toBeGreaterThanOrEqual(0)
    expect(gone).toBeLessThanOrEqual(errors.closed ?? 0)
    expect(totals.pushes.posted).toBe(sum(statuses.posts) + (errors.postFailed ?? 0))
  }
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((all, each) => all + each, 0)
}
