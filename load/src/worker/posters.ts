import type { PushesDefinition } from '../scenario/definition.ts'
import { compileTemplate, noMessage, type Template } from '../scenario/template.ts'
import { now, timerMillis } from './clock.ts'
import { endpointOf } from './connector.ts'
import type { Member } from './member.ts'
import { PostLane, type PostOutcome } from './post-lane.ts'
import type { PushLedger } from './push-ledger.ts'
import { createRateSource, type RateSource } from './rate-source.ts'
import type { ReadyList } from './ready-list.ts'
import { formatStamp } from './stamp.ts'
import type { WorkerContext } from './worker-context.ts'

export interface PostersOptions {
  readonly pushes: PushesDefinition
  readonly context: WorkerContext
  readonly ready: ReadyList<Member>
  /** POSTs that may be under way, and POSTs a second, of this process. */
  readonly concurrency: number
  readonly rate: number | null
  readonly tls: { readonly verify: boolean; readonly ca?: string | undefined }
}

/** Posts to `@connections` of the clients that are ready, or to their groups, each in its turn. */
export interface Posters {
  start(): void
  /** Stops posting; what was due by then and has not left counts as unsent. */
  stop(by: number): void
  /** A client became ready. */
  wake(): void
  /** Whether POSTs wait for their answers, which may come behind their frames. */
  readonly isBusy: boolean
  /** Gives up on POSTs whose time is over. */
  expire(): void
  close(): void
}

/** One POST that is about to leave, and what becomes of its frames. */
interface Posting {
  /** The path below the stage. */
  readonly path: string
  readonly number: number
  readonly stamp: string
  readonly settle: (isAccepted: boolean) => void
}

export function createPosters({ pushes, context, ready, concurrency, rate, tls }: PostersOptions): Posters {
  const urls = (pushes.urls ?? []).map((each) => compileTemplate(each, 'url'))
  const body = compileTemplate(pushes.body)
  const headers = Object.entries(pushes.headers).map(
    ([name, value]) => [name, compileTemplate(value, 'header')] as const,
  )
  const group = pushes.group === undefined ? null : compileTemplate(pushes.group)
  /** The groups that are posted to at the moment. */
  const busyGroups = new Set<number>()
  const expected = new Set(pushes.expect)
  const pools = new Map<string, PostLane[]>()
  let underWay = 0
  let turn = 0
  let isRunning = false

  /** A lane without a request, of those to this server. */
  function idleLane(url: URL): PostLane {
    const lanes = pools.get(url.origin) ?? []
    pools.set(url.origin, lanes)
    const idle = lanes.find((lane) => !lane.isBusy)
    if (idle !== undefined) return idle
    const lane = new PostLane(endpointOf(url, tls), context.traffic)
    lanes.push(lane)
    return lane
  }

  function urlFor(client: Member): URL {
    const { values } = client
    if (urls.length === 0) return new URL(context.connector.httpUrlOf(values))
    return new URL((urls[turn++ % urls.length] as Template).render(values, noMessage))
  }

  /** Whether a client, or its group, may be posted to now. */
  function isFree({ ledger, receiver, values }: Member): boolean {
    return group === null ? ledger?.isBusy === false : receiver !== null && !busyGroups.has(values.group)
  }

  function send(due: number): boolean {
    if (underWay >= concurrency) return false
    const client = ready.next(isFree, maxTries)
    if (client === null) return false
    if (!context.maySend()) return false
    const url = urlFor(client)
    const sent = now()
    const from = sent - due <= timerMillis ? sent : due
    const { path, number, stamp, settle } =
      group === null ? toConnection(client, client.ledger as PushLedger, from) : toGroup(client, group, from)
    underWay++
    context.tally.counters.posted++
    idleLane(url).post(
      requestOf(client, url, path, body.render(client.values, { counter: number, stamp })),
      sent,
      (outcome) => {
        underWay--
        settle(answered(from, outcome))
        client.closeIfSettled()
        if (isRunning && source === null) setImmediate(saturate)
      },
    )
    return true
  }

  function toConnection(client: Member, ledger: PushLedger, from: number): Posting {
    const number = ledger.post()
    return {
      path: `@connections/${encodeURIComponent(client.values.vars.connectionId ?? '')}`,
      number,
      stamp: formatStamp(context.run, 'push', client.values.index, number, from),
      settle: (isAccepted) => ledger.answered(isAccepted),
    }
  }

  /** A frame of a POST that was refused counts as lost: the POST is an error beside it. */
  function toGroup({ values }: Member, name: Template, from: number): Posting {
    const { number } = context.fanOutPost(values.group)
    busyGroups.add(values.group)
    return {
      path: `@groups/${encodeURIComponent(name.render(values, noMessage))}`,
      number,
      stamp: formatStamp(context.run, 'fanOut', values.group, number, from),
      settle: () => void busyGroups.delete(values.group),
    }
  }

  function requestOf(client: Member, url: URL, path: string, text: string): string {
    const given = headers.map(([name, value]) => `${name}: ${value.render(client.values, noMessage)}\r\n`).join('')
    return (
      `POST ${url.pathname.replace(/\/$/, '')}/${path} HTTP/1.1\r\nHost: ${url.host}\r\n` +
      `Content-Type: ${pushes.contentType}\r\nContent-Length: ${Buffer.byteLength(text)}\r\n${given}\r\n${text}`
    )
  }

  /** Counts an answer, and gives whether the POST was accepted. */
  function answered(from: number, outcome: PostOutcome): boolean {
    const { tally } = context
    if ('failure' in outcome) {
      tally.error('postFailed', outcome.failure)
      return false
    }
    const isAccepted = expected.has(outcome.status) && outcome.status < 300
    tally.latency('post', now() - from)
    tally.status('posts', outcome.status)
    if (isAccepted) tally.counters.accepted++
    if (!expected.has(outcome.status)) tally.error('postStatus', `status ${outcome.status}`)
    return isAccepted
  }

  /** Without a rate: as many as may be under way. */
  function saturate(): void {
    while (isRunning && send(now()));
    if (isRunning && underWay === 0) context.schedule.at(now() + idleMillis, saturate)
  }

  const source: RateSource | null =
    rate === null
      ? null
      : createRateSource({ rate, schedule: context.schedule, send, isPossible: () => ready.size > 0 })

  return {
    start() {
      if (isRunning) return
      isRunning = true
      if (source === null) saturate()
      else source.start()
    },
    stop(by) {
      if (!isRunning) return
      isRunning = false
      context.tally.pushesUnsent += source?.stop(by) ?? 0
    },
    wake: () => source?.wake(),
    get isBusy() {
      return underWay > 0
    },
    expire() {
      const limit = now() - pushes.timeout
      for (const lane of [...pools.values()].flat()) {
        if (lane.isBusy && lane.sentAt < limit) lane.fail('no answer in time')
      }
    },
    close() {
      for (const lane of [...pools.values()].flat()) lane.close()
    },
  }
}

const maxTries = 256
const idleMillis = 10
