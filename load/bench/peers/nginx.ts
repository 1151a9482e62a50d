import type { Peer } from './contract.ts'
import { programVersion } from './installed.ts'
import { keptAlive, keptUpstream } from './nginx-config.ts'
import { startNginx } from './nginx-program.ts'
import { message } from './works.ts'

const noSockets = { cannot: 'proxies WebSockets but holds no addresses to push to' }

/** nginx as what a REST API would stand behind: not the same work, a measure for what a request through it costs. */
export const nginx: Peer = {
  name: 'nginx',
  install: 'apt-get install nginx',
  setUp:
    'A plain HTTP proxy with kept-alive connections to the backend (“ngx_http_upstream_module”, `keepalive`), one worker process, access log off.',
  version: () => programVersion('nginx', '-v'),
  works: {
    push: noSockets,
    'push-across': noSockets,
    'fan-out': noSockets,
    'fan-out-8': noSockets,
    message: {
      start: ({ backend }) => startNginx([], (port) => proxyConfig(port, backend.port)),
      load: {
        kind: 'request',
        request: { path: '/message', contentType: 'application/json', body: message, status: 200 },
      },
      note: 'no WebSocket: the equivalent POST by the client, over a connection that stays',
    },
    accept: { cannot: 'ends no WebSockets itself' },
    'accept-asked': { cannot: 'ends no WebSockets itself' },
    idle: { cannot: 'ends no WebSockets itself' },
  },
}

/** A proxy alone. Bodies stay in memory. */
export function proxyConfig(port: number, backendPort: number): string {
  return `${keptUpstream(backendPort)}  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://backend;
${keptAlive}    }
  }
`
}
