import { sourceNetwork } from '../vocabulary/source-network.ts'
import type {
  BucketLimits,
  Buckets,
  CountedSource,
  SourceCounts,
  SourceLimits,
  SourcePlace,
  SourceRefusal,
  TokenBucket,
} from './contract.ts'

/** The sources that are told apart at once. Those that come while so many are known share the cells below. */
export const toldApart = 50_000
/** The cells of the sources that are too many: a source shares its limits with those that fall into the same one. */
export const sharedCells = 1_024
/** Milliseconds between two searches for sources that can be forgotten. */
const searchEachMillis = 1_000
/** Seconds after which to try again where only a connection that ends would help. */
const retryWhenFull = 10
/** Seconds after which to try again where a handshake that is answered would help. */
const retryWhenPending = 1

export interface SourceLimitsOptions {
  /** Handshakes of one source; null for no limit. */
  readonly rate: BucketLimits | null
  /** Connections of one source, handshakes under way among them; null for no limit. */
  readonly maxConnections: number | null
  /** Handshakes of one source that wait for their answer; null, or left out, for no limit. */
  readonly maxPendingHandshakes?: number | null
  /** The bits of an IPv6 address that make a source. */
  readonly ipv6PrefixLength: number
  readonly buckets: Buckets
  /** The connections that a source has at other workers; null for a worker that is alone. */
  readonly counts: SourceCounts | null
  readonly maxSources?: number
}

/** The limits on sources, of whom none is known yet. */
export function createSourceLimits(options: SourceLimitsOptions): SourceLimits {
  const { rate, maxConnections, maxPendingHandshakes = null, ipv6PrefixLength, buckets } = options
  const counts = maxConnections === null ? null : options.counts
  const most = options.maxSources ?? toldApart
  const seed = Math.floor(Math.random() * 0x1_0000_0000)
  const sources = new Map<string, Source>()
  const shared = new Map<string, Source>()
  let searchedAt = Number.NEGATIVE_INFINITY

  function sourceOf(address: string, now: number): Source {
    const network = sourceNetwork(address, ipv6PrefixLength)
    const known = sources.get(network)
    if (known !== undefined) return known
    if (sources.size >= most) search(now)
    if (sources.size < most) return add(sources, network)
    // Another worker has other cells.
    const cell = `cell ${seed.toString(36)}.${hash(network, seed) % sharedCells}`
    return shared.get(cell) ?? add(shared, cell)
  }

  function add(to: Map<string, Source>, name: string): Source {
    const bucket = rate === null ? null : buckets.open(JSON.stringify(['source', name]), rate)
    const source = new Source(name, bucket, counts, rate === null ? () => to.delete(name) : null)
    to.set(name, source)
    return source
  }

  /** Forgets the sources that have no connection and all their tokens: one that comes back is as if it was known. */
  function search(now: number): void {
    if (now - searchedAt < searchEachMillis && now >= searchedAt) return
    searchedAt = now
    for (const [network, { connections, bucket }] of sources) {
      if (connections > 0 || (bucket !== null && !bucket.isFull(now))) continue
      if (bucket !== null) buckets.close(bucket)
      sources.delete(network)
    }
  }

  return {
    enter(address, now): SourcePlace | SourceRefusal {
      const source = sourceOf(address, now)
      if (
        maxConnections !== null &&
        source.connections + source.others >= (counts?.most(maxConnections) ?? maxConnections)
      ) {
        // Others may have fewer by now.
        counts?.changed(source)
        return { cause: 'sourceConnections', retryAfter: retryWhenFull }
      }
      if (maxPendingHandshakes !== null && source.pending >= maxPendingHandshakes) {
        return { cause: 'sourceHandshakes', retryAfter: retryWhenPending }
      }
      if (source.bucket !== null && !source.bucket.take(now)) {
        return { cause: 'sourceRate', retryAfter: source.bucket.retryAfter(now) }
      }
      source.enter()
      return source
    },
  }
}

/** One source: its bucket, and the number of its connections. It is the place of each of them, which costs no object. */
class Source implements SourcePlace, CountedSource {
  readonly name: string
  readonly bucket: TokenBucket | null
  connections = 0
  /** The number of those whose handshake is not answered. */
  pending = 0
  others = 0
  readonly #counts: SourceCounts | null
  readonly #emptied: (() => void) | null

  constructor(name: string, bucket: TokenBucket | null, counts: SourceCounts | null, emptied: (() => void) | null) {
    this.name = name
    this.bucket = bucket
    this.#counts = counts
    this.#emptied = emptied
  }

  enter(): void {
    this.connections++
    this.pending++
    this.#counts?.changed(this)
  }

  answered(): void {
    this.pending--
  }

  leave(): void {
    this.connections--
    this.#counts?.changed(this)
    if (this.connections === 0) this.#emptied?.()
  }
}

/** FNV-1a, begun anew in each process: nobody can choose whose cell they share. */
function hash(text: string, seed: number): number {
  let value = (0x811c9dc5 ^ seed) >>> 0
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193) >>> 0
  return value
}
