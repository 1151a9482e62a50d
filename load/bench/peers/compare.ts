import { type Measurement, type MeasureOptions, measureRound } from '../measure.ts'
import { type Summary, summary } from '../report.ts'
import type { Peer, PeerWork, Site } from './contract.ts'
import type { PeerTask } from './works.ts'

/** A peer that this machine has. */
export interface PresentPeer {
  readonly peer: Peer
  readonly version: string
}

/** The figures of a peer in a work; a reason instead of them where it can't do it. */
export interface PeerLine {
  readonly peer: string
  readonly figures: Summary | null
  /** The peer's cost over the gateway's; null where one of them is missing. */
  readonly ratio: number | null
  /** A remark on the figures, or why there are none. */
  readonly note: string | null
}

/** A work with a line for each peer, in the order of the list. */
export interface WorkResult {
  readonly work: PeerTask
  readonly lines: readonly PeerLine[]
}

export interface CompareOptions extends MeasureOptions {
  readonly rounds: number
  readonly site: Site
  readonly onRound: (round: number, values: readonly string[]) => void
}

/** Puts a work on all peers that can do it, in turns. The first peer is the one that the others are compared with. */
export async function comparePeers(
  work: PeerTask,
  present: readonly PresentPeer[],
  options: CompareOptions,
): Promise<WorkResult> {
  const able = present.flatMap(({ peer }) => {
    const how = peer.works[work.name]
    return 'cannot' in how ? [] : [{ peer, how }]
  })
  const rounds = new Map<Peer, Measurement[]>(able.map(({ peer }) => [peer, []]))
  const targets = able.map(
    ({ peer, how }) =>
      () =>
        start(peer, how, options.site),
  )
  for (let round = 1; round <= options.rounds; round++) {
    // A message for all comes from one process, which alone knows whether all have it.
    const isForAll = work.load.kind === 'fan-out' || work.load.kind === 'publish'
    const clients = isForAll ? 1 : options.clients
    const measured = await measureRound(work, targets, { ...options, clients })
    for (const [index, { peer }] of able.entries()) rounds.get(peer)?.push(measured[index] as Measurement)
    options.onRound(
      round,
      measured.map(({ value }, index) => `${able[index]?.peer.name} ${value.toFixed(2)}`),
    )
  }
  const base = summary(rounds.get(able[0]?.peer as Peer) ?? [])
  return { work, lines: present.map(({ peer }) => line(peer, peer.works[work.name], rounds.get(peer), base)) }
}

async function start({ name }: Peer, how: Extract<PeerWork, { load: unknown }>, site: Site) {
  const servers = await how.start(site)
  return { ...servers, name, load: how.load, residentPids: servers.pids }
}

function line(peer: Peer, how: PeerWork, rounds: readonly Measurement[] | undefined, base: Summary): PeerLine {
  if ('cannot' in how || rounds === undefined) {
    return { peer: peer.name, figures: null, ratio: null, note: 'cannot' in how ? how.cannot : null }
  }
  const figures = summary(rounds)
  return { peer: peer.name, figures, ratio: figures.value / base.value, note: how.note ?? null }
}
