import { loadUws, ownUwsModule, type UwsBuild } from '../../src/transport/uws/load-uws.ts'
import { testUwsModule } from './test-transport.ts'

/** Loads the build of uWebSockets.js under test. Rejects where it does not load: no other one is taken in its place. */
export function loadTestUws(): Promise<UwsBuild> {
  const isOwn = testUwsModule === null
  return loadUws({ module: testUwsModule ?? ownUwsModule, isOwn, environment: process.env })
}
