import { expect } from 'vitest'
import type { ConnectionDirectory, ConnectionFilter, Delivery, Registry } from '../../src/registry/contract.ts'
import type { ConnectionRecord } from '../../src/vocabulary/connection.ts'
import { allocateConnectionId, allocateRequestId } from '../../src/vocabulary/ids.ts'
import type { LocalSocket, LocalSockets } from '../helpers/local-sockets.ts'

/** A worker with sockets that are only written down, and what the suites say of it again and again. */
export interface RegistryWorker {
  readonly registry: Registry
  readonly sockets: LocalSockets
}

/** Adds a worker to the store of the test. */
export type Join = (name?: string) => Promise<RegistryWorker>

export const malformedIds = [
  '',
  'x',
  'AAAAAAAAAAAAAAA=',
  '00000000-0000-4000-8000-000000000000',
  `${'A'.repeat(5000)}=`,
  'A%00=',
  allocateRequestId(),
]

/** A well-formed id of a worker that never was. */
export function foreignId({ registry }: RegistryWorker): string {
  return allocateConnectionId(registry.owner ^ 0x5a5a5a)
}

export function recordOf(registry: ConnectionDirectory, members: Partial<ConnectionRecord> = {}): ConnectionRecord {
  return {
    connectionId: registry.allocateId(),
    apiId: 'chat',
    stage: 'dev',
    connectedAt: 1_759_651_750_119,
    sourceIp: '203.0.113.9',
    userAgent: 'demo/1.0',
    domainName: 'gateway.example',
    authorizer: null,
    identity: null,
    ...members,
  }
}

/** Connects in the gateway's order: the record is there before the socket opens. */
export async function connect(
  { registry, sockets }: RegistryWorker,
  members?: Partial<ConnectionRecord>,
): Promise<LocalSocket> {
  const record = recordOf(registry, members)
  await registry.add(record)
  return sockets.open(record)
}

export async function add(worker: RegistryWorker, members: Partial<ConnectionRecord>): Promise<string> {
  return (await connect(worker, members)).description.connectionId
}

export async function connectMany(worker: RegistryWorker, count: number): Promise<string[]> {
  const ids: string[] = []
  for (let i = 0; i < count; i++) ids.push(await add(worker, { connectedAt: 1_759_651_750_000 + i }))
  return ids
}

export async function disconnect({ registry, sockets }: RegistryWorker, id: string): Promise<void> {
  sockets.drop(id)
  await registry.remove(id)
}

export function recordIn({ description: { lastActiveAt: _, ...record } }: LocalSocket): ConnectionRecord {
  return record
}

export async function listAll(
  registry: ConnectionDirectory,
  filter: ConnectionFilter,
  limit: number,
): Promise<ConnectionRecord[]> {
  const all: ConnectionRecord[] = []
  let cursor: string | null = null
  do {
    const page = await registry.list(filter, cursor, limit)
    expect(page.connections.length).toBeLessThanOrEqual(limit)
    all.push(...page.connections)
    cursor = page.cursor
  } while (cursor !== null)
  return all
}

export function idsOf(records: readonly ConnectionRecord[]): string[] {
  return records.map(({ connectionId }) => connectionId)
}

export function byId(records: readonly ConnectionRecord[]): Record<string, ConnectionRecord> {
  return Object.fromEntries(records.map((record) => [record.connectionId, record]))
}

export function textOrBytes({ data, binary }: { data: string | Uint8Array; binary: boolean }): string | number[] {
  if (binary) return [...Buffer.from(data)]
  return Buffer.from(data).toString()
}

export async function expectInOrder(registry: Delivery, socket: LocalSocket): Promise<void> {
  const texts = Array.from({ length: 200 }, (_, i) => `frame ${i}`)
  const id = socket.description.connectionId
  const outcomes = await Promise.all(texts.map((data) => registry.deliver(id, { data, binary: false })))
  expect(new Set(outcomes)).toEqual(new Set(['sent']))
  expect(socket.frames.map(textOrBytes)).toEqual(texts)
}

export function idOfSocket({ description }: LocalSocket): string {
  return description.connectionId
}
