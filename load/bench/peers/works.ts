import type { Work } from '../measure.ts'
import type { WorkName } from './contract.ts'

/** A work with what the page says of it. */
export interface PeerTask extends Work {
  readonly name: WorkName
  readonly title: string
  readonly explanation: string
  /** A program without which nobody can do it. */
  readonly needs?: { readonly program: string; readonly install: string }
}

const start = '{"action":"proxy","user":"anna","room":"kitchen","text":"'
/** 90 bytes, as in the rows of the bench. */
export const message = `${start}${'x'.repeat(90 - start.length - 2)}"}`
/** The backend's answer to a message. */
export const pong = '{"type":"pong"}'

const nothing = { path: '/', message: '', replyBytes: 0 } as const

/** Everything that peers are asked to do, in the order of the page. */
export const works: readonly PeerTask[] = [
  {
    name: 'push',
    title: 'Push: a POST of a backend, a frame at one client',
    explanation:
      '100 sockets, 64 HTTP connections that post 90 bytes to one socket after the other, one post in flight each. Done when the post is answered and the frame has come: p50 and p99 run from the POST to the frame, the answer has its own columns.',
    unit: 'cpu',
    load: { kind: 'push', ...nothing, frameBytes: message.length, connections: 100, posters: 64, inFlight: 1 },
  },
  {
    name: 'push-across',
    title: "Push to another node's client, through Redis",
    needs: { program: 'redis-server', install: 'apt-get install redis-server' },
    explanation:
      'The same, with two nodes and a Redis between them: sockets are on one node, posts go to the other. The CPU time of both nodes and of Redis counts.',
    unit: 'cpu',
    load: { kind: 'push', ...nothing, frameBytes: message.length, connections: 100, posters: 64, inFlight: 1 },
  },
  {
    name: 'fan-out',
    title: 'Fan-out: a message of a backend for 1,000 clients',
    explanation:
      'A message of 90 bytes for 1,000 sockets, and the next one when all of them have it. An operation is a frame at a client; p50 and p99 run from the beginning of the message to that frame.',
    unit: 'cpu',
    load: { kind: 'fan-out', ...nothing, frameBytes: message.length, connections: 1000, posters: 1, inFlight: 1 },
  },
  {
    name: 'fan-out-8',
    title: 'Fan-out of eight publishers',
    explanation:
      'The same of eight publishers at a time, each of whom posts his next message when all 1,000 sockets have the one before.',
    unit: 'cpu',
    load: {
      ...{ kind: 'publish', ...nothing, frameBytes: message.length, connections: 1000, posters: 8, inFlight: 1 },
      groups: { number: 1, size: 1000 },
    },
  },
  {
    name: 'message',
    title: "Message: a client's message, an HTTP request to the backend, its answer at the client",
    explanation:
      '100 sockets with one message of 90 bytes in flight each. The backend is the same process for all; its CPU time does not count.',
    unit: 'cpu',
    load: { kind: 'message', path: '/', message, replyBytes: pong.length, connections: 100, inFlight: 1 },
  },
  {
    name: 'accept',
    title: 'Accept: a new connection',
    explanation:
      '100 clients that connect, are told that they are connected, and drop the connection. Dropping it counts too. No backend is asked.',
    unit: 'cpu',
    load: { kind: 'accept', ...nothing, connections: 100, inFlight: 1 },
  },
  {
    name: 'accept-asked',
    title: 'Accept, when the backend says so',
    explanation:
      'The same, and the server asks the backend about each client before it lets him in: one HTTP request with the headers of the handshake. The CPU time of the backend does not count.',
    unit: 'cpu',
    load: { kind: 'accept', ...nothing, connections: 100, inFlight: 1 },
  },
  {
    name: 'idle',
    title: 'Idle: memory of a connection that does nothing',
    explanation:
      'Resident bytes that all processes of a server grew by while 16,000 connections were opened, each of which can be posted to by itself, over their number.',
    unit: 'bytes',
    load: { kind: 'idle', ...nothing, connections: 16_000, inFlight: 0 },
  },
]
