import { existsSync } from 'node:fs'
import type { Peer, Site } from './contract.ts'
import { askProgram, programVersion } from './installed.ts'
import { keptAlive, keptUpstream } from './nginx-config.ts'
import { startNginx } from './nginx-program.ts'
import { startTwoNodes } from './two-nodes.ts'
import { message } from './works.ts'

/** "HTTP publisher": 201 says that the channel has a subscriber, 202 that it has none. */
const request = { path: '/pub?id={address}', contentType: 'application/json', body: message, status: 201 }
const path = '/sub?id={number}'
const start = async () => startNginx([await modulePath()], (port) => nchanConfig(port))
const startAsking = async ({ backend }: Site) =>
  startNginx([await modulePath()], (port) => nchanConfig(port, { backendPort: backend.port }))

/** Channels that HTTP publishes to and WebSockets subscribe to, inside of nginx. */
export const nchan: Peer = {
  name: 'Nchan',
  install: 'apt-get install nginx libnginx-mod-nchan',
  setUp:
    'One nginx worker process, channels named by an argument (its README: expressions cost more than Nchan itself), `nchan_store_messages off`, so that nothing is kept for later; access log off.',
  version: async () => {
    if (!existsSync(await modulePath())) return null
    const [module, server] = await Promise.all([
      programVersion('dpkg-query', '-W', '-f', '${source:Upstream-Version}', 'libnginx-mod-nchan'),
      programVersion('nginx', '-v'),
    ])
    return `${module ?? 'of an unknown version'}, nginx ${server}`
  },
  works: {
    push: { start, load: { path, request }, note: 'a channel for each client' },
    'push-across': {
      start: async () => {
        const modules = [await modulePath()]
        return startTwoNodes((redisUrl) => startNginx(modules, (port) => nchanConfig(port, { redisUrl })))
      },
      load: { path, request },
      note: 'two nginx with `nchan_redis_storage_mode nostore`',
    },
    'fan-out': {
      start,
      load: { path: '/sub?id=kitchen', request: { ...request, path: '/pub?id=kitchen' } },
      note: 'one channel',
    },
    'fan-out-8': {
      start,
      load: { path: '/sub?id=kitchen', request: { ...request, path: '/pub?id=kitchen' } },
      note: 'one channel',
    },
    message: { cannot: 'hands no messages of clients to a backend and its answer back' },
    accept: { start, load: { path }, note: 'a new channel for each client' },
    'accept-asked': {
      start: startAsking,
      load: { path },
      note: '`nchan_authorize_request` through a proxy location with kept-alive connections; a new channel for each client',
    },
    idle: { start, load: { path }, note: 'a channel for each client' },
  },
}

/** The module as Debian builds it; empty when there is no nginx. */
async function modulePath(): Promise<string> {
  const said = (await askProgram('nginx', '-V')) ?? ''
  const folder = /--modules-path=(\S+)/.exec(said)?.[1]
  return folder === undefined ? '' : `${folder}/ngx_nchan_module.so`
}

/** The surroundings of an Nchan: a Redis that it shares with others, and the backend that it asks about subscribers. */
export interface NchanOptions {
  readonly redisUrl?: string
  readonly backendPort?: number
}

/** nchan.io, "Configuration Directives", "Authorization"; with a Redis also "Redis", "Storage modes". */
export function nchanConfig(port: number, { redisUrl, backendPort }: NchanOptions = {}): string {
  const fleet =
    redisUrl === undefined
      ? ''
      : `  upstream fleet { nchan_redis_server ${redisUrl}; nchan_redis_optimize_target cpu; }\n`
  const pass =
    redisUrl === undefined
      ? 'nchan_store_messages off'
      : 'nchan_redis_pass fleet;\n      nchan_redis_storage_mode nostore'
  const asked = backendPort === undefined ? null : askedConfig(backendPort)
  return `${fleet}${asked?.upstream ?? ''}  server {
    listen 127.0.0.1:${port};
    location = /ready { return 204; }
    location = /sub {
      nchan_subscriber websocket;
      nchan_channel_id $arg_id;
      ${pass};
${asked === null ? '' : '      nchan_authorize_request /authorize;\n'}    }
    location = /pub {
      nchan_publisher http;
      nchan_channel_id $arg_id;
      ${pass};
    }
${asked?.location ?? ''}  }
`
}

/** The way to the backend, with connections that stay ("ngx_http_upstream_module"). */
function askedConfig(backendPort: number) {
  return {
    upstream: keptUpstream(backendPort),
    location: `    location = /authorize {
      internal;
      proxy_pass http://backend/connect;
      proxy_pass_request_body off;
      proxy_set_header Content-Length "";
${keptAlive}    }
`,
  }
}
