import type { LoadOptions } from './client/load.ts'

/** One comparison of the table. */
export interface Row {
  readonly name: string
  readonly title: string
  /** Gateway over baseline at most this; null for rows that are only reported. For `idle`: bytes per connection. */
  readonly budget: number | null
  /** What is compared: CPU microseconds of an operation, or resident bytes of a connection. */
  readonly unit: 'cpu' | 'bytes'
  /** A file of `baselines/`. */
  readonly baseline: string
  readonly load: Omit<LoadOptions, 'port'>
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
const posted = { path, message: message('push'), replyBytes: 0 } as const

/** Every row of the bench, in the order of the table. */
export const rows: readonly Row[] = [
  {
    name: 'message',
    title: 'message → constant reply',
    budget: 1.5,
    unit: 'cpu',
    baseline: 'message.mjs',
    load: { ...constantReply, connections: 100, inFlight: 1 },
  },
  {
    name: 'message-8',
    title: '… with 8 in flight',
    budget: null,
    unit: 'cpu',
    baseline: 'message.mjs',
    load: { ...constantReply, connections: 100, inFlight: 8 },
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
    name: 'post',
    title: 'POST @connections, local socket',
    budget: 1.3,
    unit: 'cpu',
    baseline: 'post.mjs',
    load: { ...posted, kind: 'post', connections: 100, inFlight: 1 },
  },
  {
    name: 'post-autocannon',
    title: '… driven by autocannon',
    budget: null,
    unit: 'cpu',
    baseline: 'post.mjs',
    load: { ...posted, kind: 'autocannon', connections: 100, inFlight: 1 },
  },
  {
    name: 'accept',
    title: 'accept, no $connect route',
    budget: 1.6,
    unit: 'cpu',
    baseline: 'accept.mjs',
    load: { kind: 'accept', path, message: '', replyBytes: 0, connections: 100, inFlight: 1 },
  },
  {
    name: 'idle',
    title: 'idle connection, resident',
    budget: 3072,
    unit: 'bytes',
    baseline: 'accept.mjs',
    load: { kind: 'idle', path, message: '', replyBytes: 0, connections: 16_000, inFlight: 0 },
  },
]
