import { loadUws, ownUwsModule } from '../../src/transport/uws/load-uws.ts'

/** Whether the build of uWebSockets.js that comes with the gateway loads on this Node.js. */
export const uwsLoads: boolean = await loadUws({ module: ownUwsModule, isOwn: true, environment: process.env }).then(
  () => true,
  () => false,
)
