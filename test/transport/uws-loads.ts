import { loadUws, ownUwsModule, type UwsBuild } from '../../src/transport/uws/load-uws.ts'
import { loadTestUws } from '../helpers/test-uws.ts'

const settles = (loading: Promise<UwsBuild>): Promise<boolean> =>
  loading.then(
    () => true,
    () => false,
  )

/** Whether the build of uWebSockets.js that comes with the gateway loads on this Node.js. */
export const uwsLoads: boolean = await settles(loadUws({ module: ownUwsModule, isOwn: true, environment: process.env }))

/** Whether the build under test does. */
export const testUwsLoads: boolean = await settles(loadTestUws())
