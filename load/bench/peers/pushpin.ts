import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from '../../fleet/free-port.ts'
import type { Servers } from '../server-process.ts'
import { answers } from './answers.ts'
import type { Peer, Site } from './contract.ts'
import { programVersion } from './installed.ts'
import { programFolder, startProgram } from './program.ts'
import { message } from './works.ts'

/** "Publishing": an item for a channel, in the format that WebSockets get. */
const item = (channel: string, content = message) =>
  JSON.stringify({ items: [{ channel, formats: { 'ws-message': { content } } }] })
const request = { path: '/publish/', contentType: 'application/json', body: item('{address}'), status: 200 }
const path = '/ws/{number}'
/** Above about 100 its queue to zurl is full. */
const requestsAtATime = 50

/** A proxy that holds sockets and turns what happens on them into HTTP requests. */
export const pushpin: Peer = {
  name: 'Pushpin',
  install: 'apt-get install pushpin',
  setUp:
    'All of its processes (condure, zurl, proxy, handler), WebSocket-over-HTTP to the backend, publishing over its HTTP control port; `message_rate=0`, since any rate makes its limiter hand messages on in steps of some 25 ms; log level 1.',
  version: async () => {
    const [proxy, condure, zurl] = await Promise.all(
      ['pushpin', 'condure', 'zurl'].map((program) => programVersion(program, '--version')),
    )
    return proxy == null || condure == null || zurl == null ? null : `${proxy}, condure ${condure}, zurl ${zurl}`
  },
  works: {
    push: {
      start: startPushpin,
      load: { path, request, posters: 32 },
      note: 'a channel for each client; its control port closes the connection after every answer, and keeps so few waiting that there are 32 posters instead of 64',
    },
    'push-across': { cannot: 'has no Redis: the backend publishes to every instance' },
    'fan-out': {
      start: startPushpin,
      load: { path: '/ws/kitchen', request: { ...request, body: item('kitchen') } },
      note: 'one channel',
    },
    'fan-out-8': {
      start: startPushpin,
      load: { path: '/ws/kitchen', request: { ...request, body: item('kitchen', `${message}{padding}`) } },
      note: 'one channel',
    },
    message: {
      start: startPushpin,
      load: { path, connections: requestsAtATime },
      note: 'WebSocket-over-HTTP; 50 sockets, since with 100 it closes some, see “Accept, when the backend says so”',
    },
    accept: { cannot: 'asks the backend about every connection, see the next table' },
    'accept-asked': {
      start: startPushpin,
      load: { path, connections: requestsAtATime / 2 },
      note: 'also tells it of the end; 25 side by side, since a burst of more than about 100 requests to the backend is answered with 502',
    },
    idle: {
      start: startPushpin,
      load: { path, inFlight: requestsAtATime },
      note: 'a channel for each client; opened 50 at a time, see above',
    },
  },
}

async function startPushpin({ backend }: Site): Promise<Servers> {
  const folder = await programFolder()
  const [port, postPort] = [await freePort(), await freePort()]
  await Promise.all([mkdir(join(folder, 'run')), mkdir(join(folder, 'log'))])
  await writeFile(join(folder, 'pushpin.conf'), pushpinConfig({ folder, port, controlPort: postPort }))
  // "Routes": over_http turns what happens on WebSockets into requests.
  await writeFile(join(folder, 'routes'), `* 127.0.0.1:${backend.port},over_http\n`)
  const program = await startProgram({
    command: 'pushpin',
    args: ['--config', join(folder, 'pushpin.conf')],
    folder,
    isReady: async () => (await answers(postPort, '/')) && (await answers(port, '/ready')),
  })
  return { pids: program.pids, port, postPort, stop: program.stop }
}

/**
 * Pushpin's own pushpin.conf, with other places, plus: no message_rate ("max messages per second"), since with any rate
 * messages for a channel wait for the next step of a timer; and zurl as a child, which Debian runs as a service.
 */
export function pushpinConfig(options: { folder: string; port: number; controlPort: number }): string {
  const { folder, port, controlPort } = options
  return `[global]
include={libdir}/internal.conf
rundir=${folder}/run
ipc_prefix=pushpin-
port_offset=0
stats_connection_ttl=120

[runner]
services=condure,zurl,pushpin-proxy,pushpin-handler
http_port=127.0.0.1:${port}
logdir=${folder}/log
log_level=1
client_buffer_size=8192
client_maxconn=50000

[proxy]
routesfile=routes
updates_check=off
zurl_out_specs=ipc://{rundir}/{ipc_prefix}zurl-in
zurl_out_stream_specs=ipc://{rundir}/{ipc_prefix}zurl-in-stream
zurl_in_specs=ipc://{rundir}/{ipc_prefix}zurl-out

[handler]
push_in_spec=ipc://{rundir}/{ipc_prefix}push-in
push_in_sub_specs=ipc://{rundir}/{ipc_prefix}push-in-sub
command_spec=ipc://{rundir}/{ipc_prefix}command
stats_spec=ipc://{rundir}/{ipc_prefix}stats
push_in_http_addr=127.0.0.1
push_in_http_port=${controlPort}
message_rate=0
`
}
