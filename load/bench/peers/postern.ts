import { gatewayFleet } from '../fleet-target.ts'
import { changedGateway, gateway } from '../targets.ts'
import type { Peer, Site } from './contract.ts'
import { ownVersion } from './installed.ts'
import { message } from './works.ts'

const path = '/dev'
const whoami = '{"action":"whoami"}'
const request = {
  path: `${path}/@connections/{address}`,
  contentType: 'application/octet-stream',
  body: message,
  status: 200,
}
const start = ({ apis }: Site) => gateway(apis)()

/** The gateway itself, as `postern start` starts it: access log off, metrics on, every check that it does by default. */
export const postern: Peer = {
  name: 'Postern',
  install: 'npm run build',
  setUp: 'As `postern start` starts it: one process, metrics on, access log off.',
  version: ownVersion,
  works: {
    push: { start, load: { path, whoami, request } },
    'push-across': {
      start: ({ apis }) => gatewayFleet(apis, 2)(),
      load: { path, whoami, request },
      note: 'two workers, the registry on',
    },
    'fan-out': {
      start,
      load: { path, request: { ...request, path: `${path}/@connections`, status: 202 } },
      note: 'POST of `@connections` itself',
    },
    'fan-out-8': {
      start,
      load: { path, request: { ...request, path: `${path}/@connections`, status: 202 } },
      note: 'POST of `@connections` itself',
    },
    message: { start, load: { path }, note: '`HTTP_PROXY` with a route response' },
    accept: { start, load: { path }, note: 'no `$connect` route' },
    'accept-asked': {
      start: ({ apis }) => changedGateway(apis, asking),
      load: { path },
      note: 'a `$connect` route with `HTTP_PROXY`',
    },
    idle: { start, load: { path } },
  },
}

/** The definition of an API with a route that asks the backend about each client. */
function asking(definition: string): string {
  const integration = {
    integrationType: 'HTTP_PROXY',
    integrationMethod: 'POST',
    integrationUri: '${stageVariables.backend}/connect',
  }
  // JSON is YAML.
  const route = `  $connect: ${JSON.stringify({ integration })}\n`
  return definition.replace(/^routes:\n/m, (line) => line + route)
}
