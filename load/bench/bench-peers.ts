import { availableParallelism, loadavg } from 'node:os'
import { type CompareOptions, comparePeers, type PresentPeer, type WorkResult } from './peers/compare.ts'
import type { Peer } from './peers/contract.ts'
import { programVersion } from './peers/installed.ts'
import { peers } from './peers/list.ts'
import { startPeerServer } from './peers/node-server.ts'
import { postern } from './peers/postern.ts'
import { peersForTerminal, peersInMarkdown } from './peers/report.ts'
import { type PeerTask, works } from './peers/works.ts'
import { prepareApis } from './targets.ts'
import { machineLine, writeSection } from './write-page.ts'

/** The options of `npm run bench -- --peers`. */
export interface PeersOptions extends Omit<CompareOptions, 'site' | 'onRound'> {
  /** Names of works; all when left out. */
  readonly only: readonly string[] | undefined
  /** Names of the peers beside the gateway; all when left out. */
  readonly with: readonly string[] | undefined
  readonly json: boolean
  readonly write: boolean
}

/**
 * The same work on the gateway and on every peer that this machine has; a peer that is missing is named, no error.
 * A work that went wrong anywhere fails by itself: the others are still done, but nothing is written.
 */
export async function benchPeers({ only, with: names, json, write, ...options }: PeersOptions): Promise<void> {
  const [loadBefore = 0] = loadavg()
  const chosen = only === undefined ? works : works.filter(({ name }) => only.includes(name))
  if (chosen.length === 0) throw new Error(`--peers --only takes: ${works.map(({ name }) => name).join(', ')}`)
  const stranger = names?.find((name) => !peers.some((peer) => peer.name === name))
  if (stranger !== undefined) throw new Error(`--with takes: ${peers.map(({ name }) => name).join(', ')}`)
  const { present, missing } = await lookForPeers(
    peers.filter((peer) => peer === postern || names === undefined || names.includes(peer.name)),
  )
  const backend = await startPeerServer('backend.mjs')({ backend: { url: '', port: 0 } })
  const url = `http://127.0.0.1:${backend.port}`
  const apis = await prepareApis(url)
  const site = { backend: { url, port: backend.port }, apis: apis.path }
  const results: WorkResult[] = []
  const failures: string[] = []
  try {
    for (const work of chosen) {
      const absent = await missingProgram(work)
      if (absent !== null) {
        missing.push(absent)
        continue
      }
      const onRound = (round: number, values: readonly string[]) =>
        void process.stderr.write(`${work.name} ${round}/${options.rounds}: ${values.join(', ')}\n`)
      try {
        results.push(await comparePeers(work, present, { ...options, site, onRound }))
      } catch (error) {
        failures.push(`${error instanceof Error ? describe(error) : error}\n`)
      }
    }
  } finally {
    await Promise.all([backend.stop(), apis.remove()])
  }
  const redis = await programVersion('redis-server', '--version')
  const versions = present.map(({ peer, version }) => `${peer.name} ${version}`)
  if (redis !== null) versions.push(`Redis ${redis}`)
  if (json) process.stdout.write(`${JSON.stringify({ versions, results }, null, 2)}\n`)
  else process.stdout.write(`${peersForTerminal(results)}\n${versions.join('\n')}\n`)
  for (const line of missing) process.stderr.write(`${line}\n`)
  for (const failure of failures) process.stderr.write(failure)
  if (failures.length > 0) process.exitCode = 1
  else if (write) await writeSection('peers', section(results, { present, missing, redis, loadBefore }, options))
}

/** A line for a work whose program this machine does not have; null when there is nothing to say. */
async function missingProgram({ name, needs }: PeerTask): Promise<string | null> {
  if (needs === undefined || (await programVersion(needs.program, '--version')) !== null) return null
  return `${name} is left out: it needs ${needs.program} (${needs.install}).`
}

/** Which work, whose, and what went wrong there. */
function describe({ message, cause }: Error): string {
  return cause instanceof Error ? `${message}: ${describe(cause)}` : message
}

/** Peers that are here, with their versions, and a line with the remedy for each that is not. */
export async function lookForPeers(
  candidates: readonly Peer[],
): Promise<{ present: PresentPeer[]; missing: string[] }> {
  const present: PresentPeer[] = []
  const missing: string[] = []
  for (const peer of candidates) {
    const version = await peer.version()
    if (version === null) missing.push(`${peer.name} is left out: this machine does not have it (${peer.install}).`)
    else present.push({ peer, version })
  }
  return { present, missing }
}

function section(
  results: readonly WorkResult[],
  who: { present: readonly PresentPeer[]; missing: readonly string[]; redis: string | null; loadBefore: number },
  options: Pick<PeersOptions, 'rounds' | 'seconds' | 'clients'>,
): string {
  const lines = [
    ...who.present.map(({ peer, version }) => `**${peer.name}** ${version}. ${peer.setUp}`),
    ...(who.redis === null ? [] : [`**Redis** ${who.redis}, between nodes. It writes nothing to disk.`]),
    ...who.missing,
  ]
  const list = lines.map((line) => `- ${line}\n`).join('')
  const measured = `${machineLine('--peers --write', options)} ${busyLine(who.loadBefore)}`.trim()
  return `${peersInMarkdown(results)}\n### The peers\n\n${list}\n${measured}`
}

/** Warns the reader where other work disturbed the run; empty where none did. */
function busyLine(load: number): string {
  if (load <= availableParallelism() / 4) return ''
  return `The machine was busy (load average ${load.toFixed(1)} before the run), so that these figures are rough.`
}
