import type { LoadOptions } from './client/load.ts'

/**
 * A figure that a row has besides: a member of `Measurement`, or of its `counted`, or how far the gateway's value is
 * beyond the baseline's, or how many operations a core could do in a second at that value, with the baseline's beside it.
 */
export interface Limit {
  readonly title: string
  readonly of: 'rate' | 'redisCommands' | 'redisBytes' | 'beyond' | 'perCore'
  readonly atMost?: number
  readonly atLeast?: number
}

/** One comparison of the table. */
export interface Row {
  readonly name: string
  readonly title: string
  /** Gateway over baseline at most this; null for rows that are only reported. For `idle`: bytes per connection. */
  readonly budget: number | null
  /** Whether the budget is one for gateway over baseline also where bytes are compared. */
  readonly budgetIsRatio?: boolean
  /** The figure that is compared: CPU microseconds of an operation, or resident bytes of a connection. */
  readonly unit: 'cpu' | 'bytes'
  /** The number of gateways that share a Redis, whose CPU time counts with theirs; one without Redis when left out. */
  readonly workers?: number
  /** Seconds for which each server is under load before anything is measured, where that is more than usual. */
  readonly warmUpSeconds?: number
  /** Whether WebSockets are spread over all of the gateways; left out where they are with the first one. */
  readonly isSpread?: true
  /** Whether callers of the gateway sign, and those of the baseline do not; left out for no. */
  readonly isSigned?: true
  /** Whether the gateway has throttles that nothing meets, and the baseline has none; left out for no. */
  readonly isThrottled?: true
  /** Whether clients of the gateway show a token, and those of the baseline do not; left out for no. */
  readonly showsToken?: true
  /** A file of `baselines/`, or a gateway that is alone. */
  readonly baseline: string | 'one gateway'
  /** A file of `baselines/` that does the same over node:http and ws; left out where the row has none. */
  readonly nodeBaseline?: string
  readonly limits?: readonly Limit[]
  readonly load: Omit<LoadOptions, 'port'>
  /** The members in which the load of the baseline is another one. */
  readonly baselineLoad?: Partial<LoadOptions>
}

const path = '/dev'
const pong = '{"type":"pong"}'
/** 90 bytes, as the performance budget says. */
const message = (action: string) => {
  const start = `{"action":"${action}","user":"anna","room":"kitchen","text":"`
  return `${start}${'x'.repeat(90 - start.length - 2)}"}`
}

const constantReply = { kind: 'message', path, message: message('ping'), replyBytes: pong.length } as const
const proxied = { kind: 'message', path, message: message('proxy'), replyBytes: pong.length } as const
/** Messages to a group of all sockets, and the way into it. */
const published: Omit<LoadOptions, 'port'> = {
  kind: 'publish',
  path,
  message: '',
  replyBytes: 0,
  connections: 1000,
  inFlight: 1,
  whoami: '{"action":"whoami"}',
  groups: { number: 1, size: 1000 },
  join: { path: `${path}/@groups/{group}/connections/{address}`, contentType: 'text/plain', body: '', status: 204 },
  request: {
    path: `${path}/@groups/{group}`,
    contentType: 'application/octet-stream',
    body: message('push'),
    status: 202,
  },
}
const posted = { path, message: message('push'), replyBytes: 0 } as const

/** 1 KB, as the budget of validation says. */
const order = (action: string) => {
  const members = {
    action,
    id: '5f0c7f9e-7f4b-4a53-9c59-2f9d6d8a4a11',
    user: 'anna',
    amount: 3,
    tags: ['red', 'large', 'sale', 'new'],
    place: { x: 1.5, y: 2.5 },
    text: '',
  }
  const text = 'x'.repeat(1_024 - JSON.stringify(members).length)
  return JSON.stringify({ ...members, text })
}
const validated = { ...constantReply, message: order('validated'), connections: 100, inFlight: 1 } as const

/** Every row of the bench, in the order of the table. */
export const rows: readonly Row[] = [
  {
    name: 'message',
    title: 'message → constant reply',
    budget: 1.5,
    unit: 'cpu',
    baseline: 'message.mjs',
    nodeBaseline: 'ws-message.mjs',
    load: { ...constantReply, connections: 100, inFlight: 1 },
  },
  {
    name: 'message-8',
    title: '… with 8 in flight',
    budget: null,
    unit: 'cpu',
    baseline: 'message.mjs',
    nodeBaseline: 'ws-message.mjs',
    load: { ...constantReply, connections: 100, inFlight: 8 },
  },
  {
    name: 'validated',
    title: '1 KB message with a model → constant reply, beside none',
    budget: null,
    unit: 'cpu',
    baseline: 'one gateway',
    limits: [{ title: 'µs of CPU beyond', of: 'beyond', atMost: 5 }],
    load: validated,
    baselineLoad: { message: order('unvalidated') },
  },
  {
    name: 'throttled',
    title: 'message with limits of account, route and connection → constant reply, beside none',
    budget: null,
    unit: 'cpu',
    isThrottled: true,
    baseline: 'one gateway',
    limits: [{ title: 'µs of CPU beyond', of: 'beyond', atMost: 0.5 }],
    load: { ...constantReply, path: '/limited', connections: 100, inFlight: 1 },
    baselineLoad: { path },
  },
  {
    name: 'proxy',
    title: 'message → HTTP_PROXY → reply',
    budget: 1.25,
    unit: 'cpu',
    baseline: 'proxy.mjs',
    load: { ...proxied, connections: 100, inFlight: 1 },
  },
  {
    name: 'proxy-8',
    title: '… with 8 in flight',
    budget: null,
    unit: 'cpu',
    baseline: 'proxy.mjs',
    load: { ...proxied, connections: 100, inFlight: 8 },
  },
  {
    name: 'http-get',
    title: 'GET through HTTP_PROXY of an HTTP API',
    budget: 1.3,
    unit: 'cpu',
    baseline: 'http-get.mjs',
    load: {
      ...{ kind: 'request', path, message: '', replyBytes: 0, connections: 100, inFlight: 1 },
      request: { method: 'GET', path: '/web/pets/7?limit=10', contentType: '', body: '', status: 200 },
    },
  },
  {
    name: 'post',
    title: 'POST @connections, local socket',
    budget: 1.3,
    unit: 'cpu',
    baseline: 'post.mjs',
    nodeBaseline: 'ws-post.mjs',
    load: { ...posted, kind: 'post', connections: 100, inFlight: 1 },
  },
  {
    name: 'post-autocannon',
    title: '… driven by autocannon',
    budget: null,
    unit: 'cpu',
    baseline: 'post.mjs',
    nodeBaseline: 'ws-post.mjs',
    load: { ...posted, kind: 'autocannon', connections: 100, inFlight: 1 },
  },
  {
    name: 'sigv4',
    title: 'POST @connections, signed, beside an unsigned one',
    budget: null,
    unit: 'cpu',
    isSigned: true,
    baseline: 'one gateway',
    limits: [{ title: 'µs of CPU beyond', of: 'beyond', atMost: 40 }],
    load: { ...posted, kind: 'post', connections: 100, inFlight: 1 },
  },
  {
    name: 'fan-out',
    title: 'a message to a group of 1,000, each frame',
    budget: 1.15,
    unit: 'cpu',
    baseline: 'publish.mjs',
    load: { ...published, posters: 1 },
  },
  {
    name: 'fan-out-8',
    title: '… of 8 publishers',
    budget: 1.25,
    unit: 'cpu',
    baseline: 'publish.mjs',
    load: { ...published, posters: 8 },
  },
  {
    name: 'fan-out-fleet',
    title: '… spread over three gateways, beside one',
    budget: 1.5,
    unit: 'cpu',
    workers: 3,
    isSpread: true,
    // Whoever is new asks all others until its first lease has passed (15 seconds), as docs/groups.md says; and a fleet has
    // far more code to compile, of which each node runs a third as often.
    warmUpSeconds: 15,
    baseline: 'one gateway',
    limits: [{ title: 'Redis commands a frame: 3 a message', of: 'redisCommands', atMost: 0.003 }],
    load: { ...published, posters: 8 },
  },
  {
    name: 'batch',
    title: 'a batch for 1,000, another message for each, each frame',
    budget: 1.2,
    unit: 'cpu',
    baseline: 'batch.mjs',
    limits: [{ title: 'targets a second on one core', of: 'perCore', atLeast: 200_000 }],
    load: {
      ...{ kind: 'batch', path, message: '', replyBytes: 0, connections: 1000, inFlight: 1, frameBytes: 90 },
      whoami: '{"action":"whoami"}',
      request: { path: `${path}/@batch`, contentType: 'application/json', body: 'x', status: 200 },
    },
  },
  {
    name: 'groups-small',
    title: 'messages to 10,000 groups of 10, each frame, beside one group of 1,000',
    budget: 1.5,
    unit: 'cpu',
    baseline: 'one gateway',
    load: { ...published, groups: { number: 10_000, size: 10 }, posters: 8 },
    baselineLoad: { groups: { number: 1, size: 1000 }, posters: 1 },
  },
  {
    name: 'join-leave',
    title: 'joining and leaving a group',
    budget: null,
    unit: 'cpu',
    baseline: 'publish.mjs',
    limits: [{ title: 'µs of CPU beyond', of: 'beyond', atMost: 10 }],
    load: { ...published, kind: 'join', connections: 100 },
  },
  {
    name: 'accept',
    title: 'accept, no $connect route',
    budget: 1.6,
    unit: 'cpu',
    baseline: 'accept.mjs',
    nodeBaseline: 'ws-accept.mjs',
    load: { kind: 'accept', path, message: '', replyBytes: 0, connections: 100, inFlight: 1 },
  },
  {
    name: 'accept-jwt',
    title: 'accept, a token that is known, beside none',
    budget: 1.5,
    unit: 'cpu',
    showsToken: true,
    baseline: 'one gateway',
    load: { kind: 'accept', path, message: '', replyBytes: 0, connections: 100, inFlight: 1 },
  },
  {
    name: 'idle',
    title: 'idle connection, resident',
    budget: 3072,
    unit: 'bytes',
    baseline: 'accept.mjs',
    nodeBaseline: 'ws-idle.mjs',
    load: { kind: 'idle', path, message: '', replyBytes: 0, connections: 16_000, inFlight: 0 },
  },
  {
    name: 'post-across',
    title: "POST @connections, another worker's socket",
    budget: 3,
    unit: 'cpu',
    workers: 2,
    baseline: 'one gateway',
    limits: [
      { title: 'posts a second', of: 'rate', atLeast: 20_000 },
      { title: 'Redis commands a post', of: 'redisCommands', atMost: 0.15 },
    ],
    load: { ...posted, kind: 'post', connections: 100, posters: 64, inFlight: 1 },
  },
  {
    name: 'accept-registry',
    title: 'accept and close, registry in Redis',
    budget: null,
    unit: 'cpu',
    workers: 1,
    baseline: 'one gateway',
    limits: [
      { title: 'connects a second', of: 'rate', atLeast: 3_000 },
      { title: 'Redis commands a connect and disconnect', of: 'redisCommands', atMost: 4 },
    ],
    load: { kind: 'accept', path, message: '', replyBytes: 0, connections: 100, inFlight: 1 },
  },
  {
    name: 'idle-registry',
    title: 'idle connection, registry in Redis, resident',
    budget: 3072,
    unit: 'bytes',
    workers: 1,
    baseline: 'one gateway',
    limits: [{ title: 'bytes a connection in Redis', of: 'redisBytes', atMost: 500 }],
    load: { kind: 'idle', path, message: '', replyBytes: 0, connections: 19_000, inFlight: 0 },
  },
]

/**
 * The rows that can be measured here: those of gateways that share a Redis are left out where there is none (its
 * version is null), with a line each that says what to do.
 */
export function rowsFor(
  wanted: readonly Row[],
  redis: string | null,
): { readonly chosen: readonly Row[]; readonly leftOut: readonly string[] } {
  const needsRedis = ({ workers }: Row) => workers !== undefined
  if (redis !== null) return { chosen: wanted, leftOut: [] }
  return {
    chosen: wanted.filter((row) => !needsRedis(row)),
    leftOut: wanted
      .filter(needsRedis)
      .map(({ name }) => `${name} is left out: it needs redis-server (Debian: apt-get install redis-server).`),
  }
}

/** Gateway over baseline at most this on Node, where the bare server costs more. */
const nodeBudget = 1.15

/** The rows of the transport on Node, beside a bare server on Node that does the same. */
export const nodeRows: readonly Row[] = rows.flatMap((row) =>
  row.nodeBaseline === undefined
    ? []
    : [{ ...row, baseline: row.nodeBaseline, budget: nodeBudget, budgetIsRatio: true }],
)
