// What accept.mjs does, over the gateway's transport and nothing else of it.
import { loadTransport } from '../../../src/transport/uws/uws-transport.ts'
import { silentLog, transportOptions } from './transport.mjs'

const createTransport = await loadTransport({ environment: process.env, log: silentLog })

const transport = createTransport(transportOptions, {
  upgrade: (upgrade) => void upgrade.accept({}, { protocol: null, compression: false }),
  message() {},
  pinged() {},
  close() {},
  request: (exchange) => exchange.respond(404, [], null),
})
console.log(JSON.stringify({ port: await transport.listen() }))
