import { afterEach, beforeEach, describe } from 'vitest'
import { createLocalSockets } from '../helpers/local-sockets.ts'
import { describeDirectory, describeDirectoryOfFleet } from './connection-directory.ts'
import { describeUsers, describeUsersInFleet } from './connection-users.ts'
import { describeDelivery, describeDeliveryInFleet } from './delivery.ts'
import { describeFleet, describeFleetOfMany } from './fleet.ts'
import { describeGroups, describeGroupsInFleet } from './groups.ts'
import type { RegistryEngine, RegistryStore } from './registry-store.ts'
import type { RegistryWorker } from './registry-worker.ts'
import { describeReports, describeReportsInFleet } from './reports.ts'

/** The promises of `registry/contract.ts`, contract by contract, as tests that every engine passes. */
export function describeRegistry(engine: RegistryEngine): void {
  let store: RegistryStore
  let workers: RegistryWorker[]

  async function join(name = 'worker'): Promise<RegistryWorker> {
    const sockets = createLocalSockets()
    const worker = {
      registry: await store.join({
        local: sockets,
        localGroups: sockets.groups,
        name,
        version: '1.2.3',
        now: Date.now,
      }),
      sockets,
    }
    workers.push(worker)
    return worker
  }

  beforeEach(async () => {
    workers = []
    store = await engine.createStore()
  })

  afterEach(async () => {
    await Promise.all(workers.map(({ registry }) => registry.close()))
    await store.close()
  })

  describe(`registry contract: ${engine.name}`, () => {
    describeDirectory(join)
    describeDelivery(join)
    describeUsers(join)
    describeFleet(join)
    describeGroups(join)
    describeReports(join)
    if (engine.fleet) {
      describeDirectoryOfFleet(join, () => store)
      describeDeliveryInFleet(join, () => store)
      describeUsersInFleet(join, () => store)
      describeFleetOfMany(join)
      describeGroupsInFleet(join, () => store)
      describeReportsInFleet(join, () => store)
    }
  })
}
